using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Testing.Faults;
using VfioSharp.Testing.Guards;
using VfioSharp.Testing.Tests.Faults;

namespace VfioSharp.Testing.Tests.Guards;

public class GuardedFunctionTests
{
    [Fact]
    public async Task Whoever_writes_beyond_a_buffer_in_its_last_page_is_found_out()
    {
        var probe = new Probe();
        GuardedFunction function = GuardedFunction.Wrap(Loopback.Attach(probe));
        DmaBuffer harmed = function.Dma.Allocate(100);
        DmaBuffer unharmed = function.Dma.Allocate(100);
        probe.Reach.TryWrite(unharmed.Iova, new byte[100]).ShouldBeTrue();
        probe.Reach.TryWrite(harmed.Iova + 98, new byte[4]).ShouldBeTrue();
        unharmed.Dispose();
        function.Check();
        harmed.Dispose();
        GuardException found = Should.Throw<GuardException>(function.Check);
        found.Violations.ShouldBe([new GuardViolation(harmed.Iova, 100, 100)]);
        found.Message.ShouldContain($"byte 100 was written, of a buffer of 100 bytes at {harmed.Iova}: 1 beyond its last");
        await function.DisposeAsync();
    }

    [Fact]
    public async Task So_is_whoever_does_it_to_a_buffer_that_nobody_disposes()
    {
        var probe = new Probe();
        GuardedFunction function = GuardedFunction.Wrap(Loopback.Attach(probe));
        DmaBuffer harmed = function.Dma.Allocate(4095);
        probe.Reach.TryWrite(harmed.Iova + 4095, [1]).ShouldBeTrue();
        await function.DisposeAsync();
        function.Violations.ShouldHaveSingleItem().At.ShouldBe(4095);
        harmed.Dispose();
    }

    [Fact]
    public async Task No_address_before_or_behind_a_buffer_leads_anywhere()
    {
        var probe = new Probe();
        using FunctionFaults faults = FunctionFaults.Inject(probe, FaultPlan.None);
        await using GuardedFunction function = GuardedFunction.Wrap(Loopback.Attach(probe));
        DmaBuffer[] buffers = [.. Enumerable.Range(0, 20).Select(i => function.Dma.Allocate(4096 * (1 + (i % 3))))];
        foreach (DmaBuffer buffer in buffers)
        {
            probe.Reach.TryWrite(new Iova(buffer.Iova.Value - 1), [1]).ShouldBeFalse();
            probe.Reach.TryWrite(buffer.Iova + (ulong)buffer.Length, [1]).ShouldBeFalse();
            probe.Reach.TryWrite(buffer.Iova + (ulong)(buffer.Length - 1), [1, 2]).ShouldBeFalse();
            probe.Reach.TryWrite(buffer.Iova + (ulong)(buffer.Length - 1), [1]).ShouldBeTrue();
        }

        faults.StrayCount.ShouldBe(60);
    }

    [Fact]
    public async Task The_pages_before_and_behind_a_buffer_cannot_be_touched()
    {
        await using GuardedFunction function = GuardedFunction.Wrap(Loopback.Attach(new Probe()));
        using DmaBuffer buffer = function.Dma.Allocate(8192);
        ulong start = (ulong)buffer.Region.Address;
        string[] maps = await File.ReadAllLinesAsync("/proc/self/maps", TestContext.Current.CancellationToken);
        PermissionsAt(maps, start - 1).ShouldBe("---p");
        PermissionsAt(maps, start).ShouldBe("rw-s");
        PermissionsAt(maps, start + 8191).ShouldBe("rw-s");
        PermissionsAt(maps, start + 8192).ShouldBe("---p");
    }

    [Fact]
    public async Task Addresses_of_disposed_buffers_can_be_used_again()
    {
        await using GuardedFunction function = GuardedFunction.Wrap(Loopback.Attach(
            new Probe(), new LoopbackOptions { DmaRanges = [new IovaRange(new Iova(0x10_0000), new Iova(0x10_3FFF))] }));
        for (int i = 0; i < 100; i++)
        {
            using DmaBuffer first = function.Dma.Allocate(4096);
            using DmaBuffer second = function.Dma.Allocate(4096);
            Should.Throw<PciException>(() => function.Dma.Allocate(4096));
        }
    }

    [Fact]
    public async Task Guards_hold_under_faults_too()
    {
        var probe = new Probe();
        GuardedFunction guarded = GuardedFunction.Wrap(Loopback.Attach(probe));
        await using (FaultyFunction function = FaultyFunction.Wrap(guarded, FaultPlan.None))
        {
            using DmaBuffer buffer = function.Dma.Allocate(1);
            probe.Reach.TryWrite(buffer.Iova + 7, [1]).ShouldBeTrue();
        }

        guarded.Violations.ShouldHaveSingleItem().At.ShouldBe(7);
    }

    private static string PermissionsAt(string[] maps, ulong address)
    {
        foreach (string line in maps)
        {
            string[] words = line.Split(' ');
            ulong[] ends = [.. words[0].Split('-').Select(end => ulong.Parse(end, NumberStyles.HexNumber, CultureInfo.InvariantCulture))];
            if (ends[0] <= address && address < ends[1])
            {
                return words[1];
            }
        }

        return "nothing";
    }
}
