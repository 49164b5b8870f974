using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.Power;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>The host bridge of POWER8, whose interrupt vector table is in memory.</summary>
public sealed class Ioda2UnitTests : IodaDomainTests
{
    private readonly Ioda2Unit unit;

    public Ioda2UnitTests() : base(mismatch: null, unknownPe: null, noTable: null) => unit = new Ioda2Unit(Memory);

    private protected override IodaUnit Unit => unit;

    private protected override IodaDomain BringUp(int servers = 4) => new Ioda2Domain(unit, servers);

    private protected override void Give(int source, int pe) => unit.Write(source, IvtEntry.To(3, 5, pe));

    [Fact]
    public void It_has_256_PEs_and_2048_sources_of_which_eight_are_pins()
    {
        unit.Pes.ShouldBe(256);
        unit.Sources.ShouldBe(2048);
        unit.MessageSources.ShouldBe(0x7F8);
        unit.Name.ShouldBe("IODA2 (PHB3)");
    }

    [Theory]
    [InlineData("00000c0500000007", 3u, true)]
    [InlineData("ffffff0500000007", 0x3FFFFFu, true)] // bits 0:23, of which the last two link servers
    [InlineData("00000f0500000007", 3u, true)]
    [InlineData("00000c0000000007", 3u, true)] // the most favoured priority
    [InlineData("00000cfe00000007", 3u, true)] // the least
    [InlineData("00000cff00000007", 0u, false)] // masked
    [InlineData("00000c0501000007", 0u, false)] // P
    [InlineData("00000c0500010007", 0u, false)] // Q
    [InlineData("00000c0501010007", 0u, false)]
    [InlineData("00000c0506000007", 3u, true)] // the generation
    [InlineData("00000c05f8fe0007", 3u, true)] // bits that mean nothing
    public void An_entry_says_who_owns_a_source_and_who_is_told(string bytes, uint server, bool isDelivered)
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 7);
        Convert.FromHexString(bytes).CopyTo(Vectors[(0x25 * 16)..]);
        MessageOutcome outcome = unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5);
        outcome.IsDelivered.ShouldBe(isDelivered);
        (outcome.IsDelivered ? outcome.Interrupt : default).ShouldBe(isDelivered ? new HostInterrupt(server, 0x25) : default);
        unit.StopsDma(Sources.Id("01:00.0")).ShouldBeFalse();
    }

    [Theory]
    [InlineData("00000c0500000008")]
    [InlineData("00000cff00000008")] // who is not the owner learns nothing of its state
    [InlineData("00000c0500000107")] // all sixteen bits count
    public void The_owner_is_checked_first(string bytes)
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 7);
        Convert.FromHexString(bytes).CopyTo(Vectors[(0x25 * 16)..]);
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).Fault!.Text.ShouldBe("the source belongs to another PE than the requester");
        unit.StopsDma(Sources.Id("01:00.0")).ShouldBeTrue();
    }

    [Fact]
    public void The_entry_that_Linux_makes_has_priority_5_and_the_server_above_the_link_bits()
    {
        BringUp().Allocate(Sources.Plain("0000:01:00.0", 0x12), 4);
        Convert.ToHexString(Vectors[(2 * 16)..(3 * 16)]).ShouldBe("00000805000000120000000000000000");
    }

    [Fact]
    public void Without_a_vector_table_there_are_no_sources()
    {
        MessageBlock block = BringUp().Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        unit.HasVectorTable = false;
        unit.Receive(Sources.Id("01:00.0"), block.Address, block.Data).Fault!.Text.ShouldBe("the IVT is disabled");
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.Examine().Reason.ShouldContain("PHB_IVT_BAR");
    }

    [Fact]
    public void Sources_that_nobody_has_are_masked()
    {
        BringUp();
        unit.Map(Sources.Id("01:00.0"), 0);
        unit.Receive(Sources.Id("01:00.0"), Space64 | 0x200, 5).Fault!.Text.ShouldBe("the source is masked, or its last interrupt has not ended");
    }

    [Fact]
    public void Whoever_reaches_the_tables_enters_the_victim_s_PE_and_sends_its_messages()
    {
        IodaDomain domain = BringUp();
        MessageBlock own = domain.Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 2)!;
        domain.Allocate(Sources.Plain("0000:01:00.1", 6), 1);
        Apply(domain.Corrupt(own, victim));
        Deliver("01:00.0", victim).ShouldBe(victim.Interrupts);
        unit.PeOf(Sources.Id("01:00.1")).ShouldBe(6, "the neighbours in the word are as before");
        unit.PeOf(Sources.Id("02:00.0")).ShouldBe(8);
    }

    private Span<byte> Vectors => Memory.Tables.Single(table => table.Name.Contains("vector", StringComparison.Ordinal)).Bytes;
}
