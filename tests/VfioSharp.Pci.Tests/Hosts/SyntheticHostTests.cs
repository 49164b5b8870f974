using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>Hosts larger than any that was captured: thousands of virtual functions, judged rightly and at a cost that grows with their number alone.</summary>
public sealed class SyntheticHostTests
{
    private const int Few = 512;
    private const int Many = 4096;

    private static readonly Lazy<HostAudit> Large = new(() => HostAudit.Of(HostEvidence.Read(new SyntheticHost(Many).ToTree())));

    [Fact]
    public void Thousands_of_functions_are_isolated_and_accepted()
    {
        Large.Value.Functions.Length.ShouldBe(new SyntheticHost(Many).Functions);
        Large.Value.Functions.Count(function => function.Evidence.PhysicalFunction is not null).ShouldBe(Many);
        Large.Value.Functions.ShouldAllBe(function => function.Isolation.Verdict == IsolationVerdict.Isolated && function.Isolation.KernelAccepts == true);
        Large.Value.Functions.ShouldAllBe(function => function.Isolation.Platform == "Intel VT-d" && function.Findings.IsEmpty);
        Large.Value.Functions.ShouldAllBe(function => function.Assignability.IsAssignable == (function.Evidence.ClassCode >> 8 != 0x0604));
        Large.Value.Topology.HostBridges.ShouldHaveSingleItem().RootBus.HasIsolatedMsis.ShouldBeTrue();
    }

    [Fact]
    public void Seven_in_eight_virtual_functions_hold_no_vectors_of_their_own() =>
        Large.Value.Functions.Count(function => function.Evidence.MsiIrqs.IsEmpty).ShouldBe(Many * 7 / 8);

    [Fact]
    public void A_virtual_function_hangs_on_its_physical_functions_bus_whatever_bus_its_requester_ID_names()
    {
        int elsewhere = 0;
        foreach (FunctionAudit function in Large.Value.Functions.Where(function => function.Evidence.PhysicalFunction is not null))
        {
            Large.Value.Topology.TryGetNode(function.Evidence.PhysicalFunction!.Value, out PciNode? physical).ShouldBeTrue();
            function.Node.Bus.ShouldBeSameAs(physical.Bus);
            function.Node.Bus.Number.ShouldBe(physical.Address.Bus);
            function.Node.RequesterIds.ShouldBe([function.Address.RequesterId]);
            elsewhere += function.Address.Bus != physical.Address.Bus ? 1 : 0;
        }

        elsewhere.ShouldBe(Many / 2);
    }

    [Fact]
    public void Every_table_on_an_isolated_host_is_mapped()
    {
        foreach (FunctionAudit function in Large.Value.Functions.Where(function => function.Msix is not null))
        {
            function.Table!.Access.ShouldBe(MsixTableAccess.Mapped);
            function.Table.Reason.ShouldBe(MsixTableReason.MsisIsolated);
            function.Table.Mapped.ShouldBe([new ByteRange(0, function.Evidence.PhysicalFunction is null ? 0x10000ul : 0x4000)]);
            function.Table.Trapped.ShouldBeEmpty();
        }

        Large.Value.Functions.Count(function => function.Table is not null).ShouldBe(Many + new SyntheticHost(Many).PhysicalFunctions);
    }

    [Fact]
    public void Every_table_on_a_host_that_does_not_remap_is_trapped()
    {
        HostAudit audit = HostAudit.Of(HostEvidence.Read(new SyntheticHost(Few) { Remaps = false }.ToTree()));
        audit.Functions.ShouldAllBe(function => function.Isolation.Verdict == IsolationVerdict.NotIsolated && function.Isolation.KernelAccepts == false);
        audit.Functions.ShouldAllBe(function => !function.Node.Bus.HasIsolatedMsis);
        foreach (FunctionAudit function in audit.Functions.Where(function => function.Evidence.PhysicalFunction is not null))
        {
            function.Table!.Reason.ShouldBe(MsixTableReason.MsisNotIsolated);
            (ByteRange[] mapped, ByteRange trapped) = function.Evidence.VendorId == 0x8086
                ? (new ByteRange[] { new(0x1000, 0x3000) }, new ByteRange(0, 0x1000))
                : ([new(0, 0x2000), new(0x3000, 0x1000)], new ByteRange(0x2000, 0x1000));
            function.Table.Mapped.ShouldBe(mapped);
            function.Table.Trapped.ShouldBe([trapped]);
        }
    }

    [Fact]
    public void Functions_in_several_segments_are_laid_out_in_each()
    {
        const int Segments = 4;
        HostAudit audit = HostAudit.Of(HostEvidence.Read(new SyntheticHost(Many, Segments).ToTree()));
        audit.Topology.HostBridges.Select(bridge => (bridge.Segment, bridge.RootBus.HasIsolatedMsis)).ShouldBe([(0u, true), (1u, true), (2u, true), (3u, true)]);
        audit.Functions.ShouldAllBe(function => function.Isolation.Verdict == IsolationVerdict.Isolated);
        audit.Functions.GroupBy(function => function.Address.Segment).ShouldAllBe(segment => segment.Count() == new SyntheticHost(Many).Functions / Segments);
    }

    [Fact]
    public void The_snapshot_of_a_large_host_is_judged_as_the_host_is()
    {
        var tree = new MemoryTree();
        Large.Value.Host.WriteTo(tree);
        AuditText.Difference(Large.Value, HostAudit.Of(HostEvidence.Read(tree))).ShouldBeEmpty();
    }

    [Fact]
    public void What_is_asked_of_the_host_grows_with_its_functions()
    {
        var few = new CountingTree(new SyntheticHost(Few).ToTree());
        var many = new CountingTree(new SyntheticHost(Many).ToTree());
        HostAudit.Of(HostEvidence.Read(few));
        HostAudit.Of(HostEvidence.Read(many));

        // Each is 8 times the other but for what is asked of the host once.
        ((double)many.Calls / few.Calls).ShouldBeInRange(7.8, 8.0);
        ((double)many.Calls / new SyntheticHost(Many).Functions).ShouldBeLessThan(25);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void Memory_grows_with_the_functions(bool remaps)
    {
        Allocated(new SyntheticHost(Few) { Remaps = remaps }.ToTree()); // what is allocated once a process
        double few = (double)Allocated(new SyntheticHost(Few) { Remaps = remaps }.ToTree()) / Few;
        double many = (double)Allocated(new SyntheticHost(Many) { Remaps = remaps }.ToTree()) / Many;
        (many / few).ShouldBeInRange(0.3, 1.1);
        many.ShouldBeLessThan(50_000);
    }

    private static long Allocated(MemoryTree tree)
    {
        long before = GC.GetAllocatedBytesForCurrentThread();
        HostAudit audit = HostAudit.Of(HostEvidence.Read(tree));
        long after = GC.GetAllocatedBytesForCurrentThread();
        GC.KeepAlive(audit);
        return after - before;
    }
}
