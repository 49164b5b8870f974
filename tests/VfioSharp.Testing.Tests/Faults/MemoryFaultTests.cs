using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Testing.Faults;

namespace VfioSharp.Testing.Tests.Faults;

public class MemoryFaultTests
{
    [Fact]
    public async Task A_dropped_write_seems_to_succeed()
    {
        await using var rig = new Rig("write-memory drop limit=1");
        rig.Write(0, 1).ShouldBeTrue();
        rig.Write(1, 2).ShouldBeTrue();
        rig.Seen.ShouldBe([0, 2]);
    }

    [Fact]
    public async Task A_delayed_write_arrives_after_the_next()
    {
        await using var rig = new Rig("write-memory delay limit=1 after=1");
        rig.Write(0, 1).ShouldBeTrue();
        rig.Seen.ShouldBe([0, 0]);
        rig.Write(0, 2).ShouldBeTrue();
        rig.Seen.ShouldBe([1, 0]);
    }

    [Fact]
    public async Task A_duplicated_write_arrives_further_on_too()
    {
        await using var rig = new Rig("write-memory duplicate limit=1 shift=1");
        rig.Write(0, 7).ShouldBeTrue();
        rig.Seen.ShouldBe([7, 7]);
    }

    [Fact]
    public async Task Corrupted_memory_has_bits_flipped_on_the_way()
    {
        await using var rig = new Rig("write-memory corrupt limit=1 byte=0 mask=0x81; read-memory corrupt limit=1 byte=0 mask=0x40");
        rig.Write(0, 1).ShouldBeTrue();
        rig.Seen.ShouldBe([0x80, 0]);
        rig.Read(0).ShouldBe((true, 0xC0));
        rig.Read(0).ShouldBe((true, 0x80));
    }

    [Fact]
    public async Task A_refused_access_fails()
    {
        await using var rig = new Rig("write-memory refuse limit=1; read-memory refuse limit=1");
        rig.Write(0, 1).ShouldBeFalse();
        rig.Read(0).Done.ShouldBeFalse();
        rig.Seen.ShouldBe([0, 0]);
        rig.Faults.StrayCount.ShouldBe(0);
        rig.Write(0, 1).ShouldBeTrue();
    }

    [Fact]
    public async Task A_rule_is_for_the_addresses_and_lengths_that_it_names()
    {
        await using var rig = new Rig("write-memory drop first=0x100001 last=0x100001 length=1");
        rig.Write(0, 1).ShouldBeTrue();
        rig.Write(1, 1).ShouldBeTrue();
        rig.Seen.ShouldBe([1, 0]);
        rig.Probe.Reach.TryWrite(rig.Buffer.Iova, [5, 6]).ShouldBeTrue();
        rig.Seen.ShouldBe([5, 6]);
    }

    [Fact]
    public async Task Memory_that_a_rule_can_meet_is_not_used_in_place()
    {
        await using var rig = new Rig("write-memory drop first=0x100010 last=0x10001f skip=1000");
        rig.Leases(0, 16, DmaAccess.Write).ShouldBeTrue();
        rig.Leases(0, 17, DmaAccess.Write).ShouldBeFalse();
        rig.Leases(16, 16, DmaAccess.Read).ShouldBeTrue();
        rig.Leases(31, 1, DmaAccess.ReadWrite).ShouldBeFalse();
        rig.Leases(32, 16, DmaAccess.ReadWrite).ShouldBeTrue();
    }

    [Fact]
    public async Task Nor_is_any_where_the_function_is_to_be_removed()
    {
        await using var rig = new Rig("interrupt remove skip=1000");
        rig.Leases(0, 16, DmaAccess.Read).ShouldBeFalse();
    }

    [Fact]
    public async Task What_was_never_shown_is_refused_and_counted()
    {
        await using var rig = new Rig("interrupt drop");
        rig.Probe.Reach.TryWrite(rig.Buffer.Iova + 4095, [1, 2]).ShouldBeFalse();
        rig.Probe.Reach.TryRead(new Iova(0xDEAD_0000), new byte[4]).ShouldBeFalse();
        rig.Faults.StrayCount.ShouldBe(2);
        rig.Faults.Strays.ShouldBe(
            ["write-memory 2 bytes at 0x100fff, where no memory is shown for that", "read-memory 4 bytes at 0xdead0000, where no memory is shown for that"]);
        rig.Function.Configuration.SetCommand(Pci.Configuration.PciCommand.BusMaster, false);
        rig.Write(0, 1).ShouldBeFalse();
        rig.Faults.StrayCount.ShouldBe(2);
    }

    [Fact]
    public async Task A_removed_function_reaches_no_memory_and_comes_back()
    {
        await using var rig = new Rig("write-memory remove skip=1 limit=1");
        rig.Write(0, 1).ShouldBeTrue();
        rig.Write(0, 2).ShouldBeFalse();
        rig.Read(0).Done.ShouldBeFalse();
        rig.Faults.IsRemoved.ShouldBeTrue();
        rig.Function.MapBar(0).Registers.Read32(0).ShouldBe(uint.MaxValue);
        rig.Faults.Restore();
        rig.Read(0).ShouldBe((true, 1));
    }

    [Fact]
    public async Task Mapping_fails_as_planned()
    {
        await using FaultyFunction function = FaultyFunction.Wrap(Loopback.Attach(new Probe()), FaultPlan.Parse("seed=1; map-memory refuse skip=1 limit=1"));
        using DmaBuffer first = function.Dma.Allocate(4096);
        Should.Throw<PciException>(() => function.Dma.Allocate(4096)).Message.ShouldContain("the fault plan refuses");
        using DmaBuffer third = function.Dma.Allocate(4096);
    }

    [Fact]
    public async Task Faults_are_put_around_a_function_before_it_has_a_client()
    {
        var probe = new Probe();
        await using (PciFunction function = Loopback.Attach(probe))
        {
            Should.Throw<InvalidOperationException>(() => FunctionFaults.Inject(probe, FaultPlan.None)).Message.ShouldContain("a client");
        }

        using FunctionFaults faults = FunctionFaults.Inject(probe, FaultPlan.None);
        Should.Throw<InvalidOperationException>(() => FunctionFaults.Inject(probe, FaultPlan.None)).Message.ShouldContain("faults");
    }

    private sealed class Rig : IAsyncDisposable
    {
        public Rig(string rules)
        {
            Function = Probe.Attach(Probe, $"seed=1; {rules}", out FunctionFaults faults);
            Faults = faults;
            Buffer = Function.Dma.Allocate(4096, new DmaOptions { At = new Iova(0x10_0000) });
        }

        public Probe Probe { get; } = new();

        public PciFunction Function { get; }

        public FunctionFaults Faults { get; }

        public DmaBuffer Buffer { get; }

        /// <summary>The first two bytes of the memory.</summary>
        public int[] Seen => [Buffer.Span[0], Buffer.Span[1]];

        public bool Write(ulong offset, byte value) => Probe.Reach.TryWrite(Buffer.Iova + offset, [value]);

        public (bool Done, int Value) Read(ulong offset)
        {
            byte[] data = [0];
            return (Probe.Reach.TryRead(Buffer.Iova + offset, data), data[0]);
        }

        public bool Leases(ulong offset, int length, DmaAccess access)
        {
            bool done = Probe.Reach.TryLease(Buffer.Iova + offset, length, access, out MemoryLease lease);
            lease.Dispose();
            return done;
        }

        public ValueTask DisposeAsync() => Function.DisposeAsync();
    }
}
