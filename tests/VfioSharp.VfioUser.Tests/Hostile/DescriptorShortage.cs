using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Lets this process open hardly any more descriptors until it is disposed.</summary>
internal sealed class DescriptorShortage : IDisposable
{
    private readonly ResourceLimit former;

    /// <param name="room">How many may still be opened.</param>
    public DescriptorShortage(int room)
    {
        Libc.getrlimit(ResourceLimits.RLIMIT_NOFILE, out former).ShouldBe(0);

        // The limit is on numbers, and the lowest that is free is given next.
        int[] used = [.. Directory.GetFiles("/proc/self/fd").Select(path => int.Parse(Path.GetFileName(path), System.Globalization.CultureInfo.InvariantCulture)).Order()];
        int next = 0;
        for (int free = 0; free < room; next++)
        {
            free += used.Contains(next) ? 0 : 1;
        }

        var limit = new ResourceLimit { rlim_cur = (ulong)next, rlim_max = former.rlim_max };
        Libc.setrlimit(ResourceLimits.RLIMIT_NOFILE, in limit).ShouldBe(0);
    }

    public void Dispose() => Libc.setrlimit(ResourceLimits.RLIMIT_NOFILE, in former).ShouldBe(0);
}
