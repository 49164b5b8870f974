using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Server;

public sealed class DescriptorLimitTests
{
    [Fact]
    public void A_process_can_be_let_have_as_many_descriptors_as_it_may()
    {
        Machine.GetLimit(ResourceLimits.RLIMIT_NOFILE, out ResourceLimit limit).ShouldBe(Errno.None);

        // One less: what else runs here meanwhile does not notice.
        Libc.setrlimit(ResourceLimits.RLIMIT_NOFILE, limit with { rlim_cur = limit.rlim_max - 1 }).ShouldBe(0);
        VfioUserServer.RaiseDescriptorLimit().ShouldBe((long)limit.rlim_max);
        Machine.GetLimit(ResourceLimits.RLIMIT_NOFILE, out ResourceLimit raised).ShouldBe(Errno.None);
        raised.rlim_cur.ShouldBe(limit.rlim_max);
    }
}
