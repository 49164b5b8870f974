using System.Diagnostics;
using VfioSharp.VfioUser.Server;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What this process holds that a peer could make it keep: descriptors, mappings of files, threads that serve.</summary>
/// <param name="Descriptors">
/// All open ones (proc_pid_fd(5)) but those of assemblies, which are loaded when they are needed, and those that wait for others: the runtime makes one when it
/// first has to wait for a socket of its own.
/// </param>
/// <param name="Mappings">Those of memory files that tests and BARs have made (proc_pid_maps(5)).</param>
/// <param name="ClientThreads">Threads that serve one client each (proc_pid_task(5)).</param>
internal readonly record struct ProcessCensus(int Descriptors, int Mappings, int ClientThreads)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>How many threads serve all functions.</summary>
    public static int Workers => SharedPump.Instance.Workers;

    public static ProcessCensus Take() => new(
        Directory.GetFiles("/proc/self/fd").Count(IsCounted),
        File.ReadLines("/proc/self/maps").Count(line => line.Contains("/memfd:hostile", StringComparison.Ordinal) || line.Contains("/memfd:vfiosharp-bar", StringComparison.Ordinal)),
        Directory.GetDirectories("/proc/self/task").Count(IsClientThread));

    /// <summary>Waits until no more is held than before; what is given back may take a moment.</summary>
    /// <returns>What is held in the end.</returns>
    public static async Task<ProcessCensus> SettleAsync(ProcessCensus before)
    {
        long start = Stopwatch.GetTimestamp();
        ProcessCensus now = Take();
        while (!now.IsWithin(before) && Stopwatch.GetElapsedTime(start) < Patience)
        {
            await Task.Delay(10);
            now = Take();
        }

        return now;
    }

    public bool IsWithin(ProcessCensus before) => Descriptors <= before.Descriptors && Mappings <= before.Mappings && ClientThreads <= before.ClientThreads;

    private static bool IsCounted(string descriptor)
    {
        try
        {
            return File.ResolveLinkTarget(descriptor, returnFinalTarget: false)?.FullName is { } target
                && !target.EndsWith(".dll", StringComparison.Ordinal) && !target.EndsWith("[eventpoll]", StringComparison.Ordinal);
        }
        catch (IOException)
        {
            return false; // closed meanwhile, as the one that reads the folder
        }
    }

    private static bool IsClientThread(string task)
    {
        try
        {
            return File.ReadAllText(Path.Combine(task, "comm")).StartsWith("vfiosharp-clien", StringComparison.Ordinal); // cut to 15 bytes
        }
        catch (IOException)
        {
            return false; // ended meanwhile
        }
    }
}
