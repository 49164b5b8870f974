using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.Power;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>The host bridge of POWER9 and POWER10, which keeps owners on the chip, and XIVE's table behind it.</summary>
public sealed class Ioda3UnitTests : IodaDomainTests
{
    private readonly Ioda3Unit unit;

    // Bits of RXE_ARB Error Status.
    public Ioda3UnitTests() : base(mismatch: 27, unknownPe: 40, noTable: 41) => unit = new Ioda3Unit(Memory);

    private protected override IodaUnit Unit => unit;

    private protected override IodaDomain BringUp(int servers = 4) => new Ioda3Domain(unit, servers);

    private protected override void Give(int source, int pe)
    {
        unit.WriteOwner(source, MistEntry.For(pe));
        unit.WriteAssignment(source, EventAssignment.To(new HostInterrupt(3, (uint)source)));
    }

    [Fact]
    public void It_has_512_PEs_and_4096_sources_or_half_of_both()
    {
        unit.Pes.ShouldBe(512);
        unit.Sources.ShouldBe(4096);
        unit.MessageSources.ShouldBe(4088);
        new Ioda3Unit(Memory, 256).Sources.ShouldBe(2048);
        unit.Name.ShouldBe("IODA3 (PHB4)");
    }

    [Theory]
    [InlineData(0x0007, null)]
    [InlineData(0x3007, null)] // bits that mean nothing
    [InlineData(0x8007, "the source is masked, or its last interrupt has not ended")] // P
    [InlineData(0x4007, "the source is masked, or its last interrupt has not ended")] // Q: off
    [InlineData(0xC007, "the source is masked, or its last interrupt has not ended")]
    [InlineData(0x0008, "the source belongs to another PE than the requester")]
    [InlineData(0x4008, "the source belongs to another PE than the requester")]
    [InlineData(0x0807, "the source belongs to another PE than the requester")] // twelve bits count
    public void The_MIST_says_who_owns_a_source_and_whether_it_is_on(int entry, string? fault)
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 7);
        Give(0x25, 7);
        unit.WriteOwner(0x25, new MistEntry((ushort)entry));
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).Fault?.Text.ShouldBe(fault);
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).IsDelivered.ShouldBe(fault is null);
    }

    [Fact]
    public void Four_entries_of_the_MIST_share_a_word_and_do_not_disturb_each_other()
    {
        for (int source = 0; source < 8; source++)
        {
            unit.WriteOwner(source, MistEntry.For(0x100 + source));
        }

        unit.WriteOwner(5, MistEntry.For(0x1AB).AsOff());
        Enumerable.Range(0, 8).Select(source => unit.ReadOwner(source).Pe).ShouldBe([0x100, 0x101, 0x102, 0x103, 0x104, 0x1AB, 0x106, 0x107]);
        unit.ReadOwner(5).IsReady.ShouldBeFalse();
    }

    [Theory]
    [InlineData("8000001f00000123", 3u, 0x123u)] // END 31 is server 3's for priority 7
    [InlineData("8000001800000123", 3u, 0x123u)] // and 24 that for priority 0
    [InlineData("80ffffff7fffffff", 0x1FFFFFu, 0x7FFFFFFFu)]
    [InlineData("8f00001f00000123", 3u, 0x123u)] // the END's block is the chip
    public void An_event_assignment_says_who_is_told_what(string bytes, uint server, uint number)
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 7);
        unit.WriteOwner(0x25, MistEntry.For(7));
        Convert.FromHexString(bytes).CopyTo(Assignments[(0x25 * 8)..]);
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).Interrupt.ShouldBe(new HostInterrupt(server, number));
    }

    [Theory]
    [InlineData("0000001f00000123")] // not valid
    [InlineData("8000001f80000123")] // masked
    public void An_event_assignment_that_leads_nowhere_delivers_nothing(string bytes)
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 7);
        unit.WriteOwner(0x25, MistEntry.For(7));
        Convert.FromHexString(bytes).CopyTo(Assignments[(0x25 * 8)..]);
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).Fault!.Text.ShouldBe("the interrupt controller's entry of the source is masked or not valid");
        unit.StopsDma(Sources.Id("01:00.0")).ShouldBeFalse();
    }

    [Fact]
    public void The_assignment_that_Linux_makes_tells_the_source_s_number_at_priority_7()
    {
        BringUp().Allocate(Sources.Plain("0000:01:00.0", 7), 4);
        Convert.ToHexString(Assignments[(2 * 8)..(3 * 8)]).ShouldBe("8000001700000002");
    }

    [Fact]
    public void Sources_that_nobody_has_lead_nowhere_although_they_are_PE_0_s()
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 0);
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).Fault!.Text.ShouldBe("the interrupt controller's entry of the source is masked or not valid");
        Convert.ToHexString(Assignments[(0x25 * 8)..(0x26 * 8)]).ShouldBe("8000000780000025");
    }

    [Fact]
    public void Whoever_reaches_the_table_raises_what_he_likes()
    {
        IodaDomain domain = BringUp();
        MessageBlock own = domain.Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 1)!;
        Apply(domain.Corrupt(own, victim));
        Deliver("01:00.0", own).ShouldBe(victim.Interrupts);
        unit.Examine().ShouldBe(new UnitCondition(false, "the event assignments of sources 0 and 1 are one interrupt, and the MIST has them in PEs 7 and 8"));
    }

    [Fact]
    public void Two_sources_of_one_PE_may_be_one_interrupt()
    {
        BringUp();
        Give(3, 7);
        Give(9, 7);
        unit.WriteAssignment(9, unit.ReadAssignment(3));
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.WriteOwner(9, MistEntry.For(8));
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    private Span<byte> Assignments => Memory.Tables.Single(table => table.Name.Contains("XIVE", StringComparison.Ordinal)).Bytes;
}
