using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Arm;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>What Linux makes of an ITS (drivers/irqchip/irq-gic-v3-its.c, irq-gic-v3-its-pci-msi.c).</summary>
public class ItsDomainTests
{
    private readonly HostMemory memory = new();
    private readonly ItsUnit unit;
    private readonly ItsDomain domain;

    public ItsDomainTests()
    {
        unit = new ItsUnit(memory);
        domain = new ItsDomain(unit, ItsDomain.CreateLpis(), processors: 4);
    }

    [Fact]
    public void A_function_writes_EventIDs_and_raises_LPIs()
    {
        MessageBlock first = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        MessageBlock second = domain.Allocate(Sources.Plain("0000:03:05.2"), 4)!;
        (first.Address, first.Data).ShouldBe((0x0800_0040UL, 0u));
        (second.Address, second.Data).ShouldBe((0x0800_0040UL, 4u), "MSI replaces the low bits");
        first.Interrupts.ShouldBe([new HostInterrupt(0, 8192)]);
        Deliver("03:05.2", second).ShouldBe(second.Interrupts);
        second.Interrupts.Select(lpi => lpi.Vector).ShouldBe([8196u, 8197u, 8198u, 8199u]);
    }

    [Fact]
    public void What_it_writes_is_worth_nothing_to_others()
    {
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        Deliver("00:02.0", victim).ShouldBeEmpty();
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 1), 1)!;
        Deliver("00:02.0", victim).ShouldBe(own.Interrupts); // the same EventIDs are its own events
        unit.Examine().IsIsolating.ShouldBeTrue();
        domain.RootBusFlags.ShouldBe(PciBusFlags.MsiIsolated);
    }

    [Fact]
    public void Functions_behind_a_PCIe_to_PCI_bridge_share_a_table_under_the_ID_that_arrives()
    {
        MessageBlock one = domain.Allocate(Sources.BehindPcieToPci("0000:07:03.0", bridgeBus: 4, secondaryBus: 6), 2)!;
        MessageBlock other = domain.Allocate(Sources.BehindPcieToPci("0000:06:04.0", bridgeBus: 4, secondaryBus: 6), 2)!;
        one.Data.ShouldBe(0u);
        other.Data.ShouldBe(2u);
        Deliver("06:00.0", one).ShouldBe(one.Interrupts);
        Deliver("06:00.0", other).ShouldBe(other.Interrupts);
        Deliver("07:03.0", one).ShouldBeEmpty();
        unit.Examine().IsIsolating.ShouldBeTrue();

        domain.Free(one);
        Deliver("06:00.0", other).ShouldBe(other.Interrupts);
    }

    [Fact]
    public void A_function_behind_a_conventional_bridge_has_that_bridge_s_ID()
    {
        MessageBlock block = domain.Allocate(Sources.BehindConventional("0000:07:03.0", "00:1e.0"), 1)!;
        Deliver("00:1e.0", block).ShouldBe(block.Interrupts);
        Deliver("07:03.0", block).ShouldBeEmpty();
    }

    [Fact]
    public void The_topmost_alias_counts()
    {
        var source = new MessageSource(
            Sources.Plain("0000:09:00.0").Address,
            [new DmaAlias(Sources.Id("08:00.0"), 7), new DmaAlias(Sources.Id("02:00.0"), 2)], Group: 0);
        MessageBlock block = domain.Allocate(source, 1)!;
        Deliver("02:00.0", block).ShouldBe(block.Interrupts);
        Deliver("08:00.0", block).ShouldBeEmpty();
    }

    [Fact]
    public void A_device_has_as_many_events_as_EventIDs_have_bits_for()
    {
        MessageBlock[] blocks = [.. Enumerable.Range(0, 4096).Select(_ => domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!)];
        blocks.SelectMany(block => Deliver("03:05.2", block)).ShouldBe(blocks.SelectMany(block => block.Interrupts)); // while its table grew
        domain.Allocate(Sources.Plain("0000:03:05.2"), 1).ShouldBeNull();
        domain.Allocate(Sources.Plain("0000:03:05.3"), 1).ShouldNotBeNull();
    }

    [Fact]
    public void LPIs_are_the_host_s_and_run_out_for_all_its_ITSs()
    {
        NumberSpace lpis = ItsDomain.CreateLpis();
        var one = new ItsDomain(new ItsUnit(memory, eventBits: 16), lpis, 1);
        var other = new ItsDomain(new ItsUnit(memory), lpis, 1);
        one.Allocate(Sources.Plain("0000:00:01.0"), 32768).ShouldNotBeNull();
        MessageBlock large = one.Allocate(Sources.Plain("0000:00:02.0"), 16384)!;
        other.Allocate(Sources.Plain("0000:00:01.0"), 4096).ShouldNotBeNull();
        other.Allocate(Sources.Plain("0000:00:02.0"), 4096).ShouldNotBeNull();
        other.Allocate(Sources.Plain("0000:00:02.0"), 1).ShouldBeNull("65536 - 8192 are taken");
        one.Free(large);
        other.Allocate(Sources.Plain("0000:00:03.0"), 1)!.Interrupts[0].ShouldBe(large.Interrupts[0]);
    }

    [Fact]
    public void Tables_take_256_bytes_at_least_and_run_out()
    {
        var small = new ItsDomain(new ItsUnit(memory, events: 64), ItsDomain.CreateLpis(), 1);
        MessageBlock first = small.Allocate(Sources.Plain("0000:00:01.0"), 1)!;
        MessageBlock second = small.Allocate(Sources.Plain("0000:00:02.0"), 32)!;
        small.Allocate(Sources.Plain("0000:00:03.0"), 1).ShouldBeNull();
        small.Allocate(Sources.Plain("0000:00:02.0"), 1).ShouldBeNull("a longer table would not fit");
        small.Free(first);
        MessageBlock third = small.Allocate(Sources.Plain("0000:00:03.0"), 1)!;
        third.Interrupts.ShouldBe(first.Interrupts);
        third.Messages.Select(message => small.Unit.Receive(Sources.Id("00:01.0"), message.Address, message.Data).Fault!.Code).ShouldBe([0x010304]);
        second.Messages.Select(message => small.Unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).IsDelivered).ShouldAllBe(isDelivered => isDelivered);
    }

    [Fact]
    public void A_table_that_is_taken_again_is_empty()
    {
        MessageBlock before = domain.Allocate(Sources.Plain("0000:00:01.0"), 32)!;
        domain.Allocate(Sources.Plain("0000:00:01.0"), 1).ShouldNotBeNull("which moves its table and leaves the old one behind");
        MessageBlock after = domain.Allocate(Sources.Plain("0000:00:02.0", group: 1), 1)!;
        Deliver("00:02.0", before).ShouldBe(after.Interrupts);
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void Where_nothing_is_left_nothing_stays_taken()
    {
        NumberSpace lpis = new(8192, 2);
        var poor = new ItsDomain(new ItsUnit(memory, deviceBits: 8), lpis, 1);
        poor.Allocate(Sources.Plain("0000:00:01.0"), 4).ShouldBeNull();
        poor.Allocate(Sources.Plain("0000:01:00.0"), 1).ShouldBeNull("the device table ends before that DeviceID");
        poor.Allocate(Sources.Plain("0000:00:01.0"), 2)!.Data.ShouldBe(0u);
    }

    [Fact]
    public void What_was_freed_delivers_nothing()
    {
        MessageBlock first = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        MessageBlock second = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        domain.Free(first);
        Deliver("03:05.2", first).ShouldBeEmpty();
        Deliver("03:05.2", second).ShouldBe(second.Interrupts);
        domain.Free(second);
        Deliver("03:05.2", second).ShouldBeEmpty();
        unit.Receive(Sources.Id("03:05.2"), second.Address, second.Data).Fault!.Code.ShouldBe(0x010304, "its table is gone as well");
        domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!.Interrupts.ShouldBe(first.Interrupts);
    }

    [Fact]
    public void Every_forged_message_is_blocked_or_the_forger_s_own()
    {
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 1), 1)!;
        InterruptMessage[] forged = [.. domain.Forge(victim)];
        forged.ShouldContain(new InterruptMessage(0x0800_0040, 1));
        forged.ShouldContain(new InterruptMessage(0x0800_0040, 8193), "the LPI itself");
        forged.ShouldContain(new InterruptMessage(0x0800_1040, 8193), "on the next page");
        forged.Select(message => unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data))
            .ShouldAllBe(outcome => !outcome.IsDelivered || own.Interrupts.Contains(outcome.Interrupt));
        forged.Select(message => unit.Receive(Sources.Id("00:03.0"), message.Address, message.Data)).ShouldAllBe(outcome => !outcome.IsDelivered);
    }

    [Fact]
    public void Behind_a_pre_ITS_anybody_can_forge()
    {
        var behind = new ItsUnit(memory, hasPreIts: true);
        var its = new ItsDomain(behind, ItsDomain.CreateLpis(), 1);
        MessageBlock victim = its.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        victim.Address.ShouldBe(0x0800_0000UL + (0x32AUL << 2));
        its.Forge(victim).Select(message => behind.Receive(Sources.Id("00:02.0"), message.Address, message.Data))
            .Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt).ShouldBe(victim.Interrupts);
        its.RootBusFlags.ShouldBe(PciBusFlags.None);
        behind.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void Whoever_reaches_the_tables_raises_what_he_likes()
    {
        domain.Allocate(Sources.Plain("0000:03:05.2"), 1);
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 1), 1)!;
        foreach (TableWrite write in domain.Corrupt(own, victim))
        {
            BitConverter.GetBytes(write.Value).CopyTo(memory.At(write.Address));
        }

        Deliver("00:02.0", own).ShouldBe([victim.Interrupts[0]]);
        unit.Examine().IsIsolating.ShouldBeFalse();
        domain.Free(own);
        domain.Free(victim);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(513)]
    public void There_is_a_collection_for_each_processor(int processors) =>
        Should.Throw<ArgumentOutOfRangeException>(() => new ItsDomain(unit, ItsDomain.CreateLpis(), processors));

    [Fact]
    public void Whatever_is_taken_and_given_back_each_writer_raises_what_it_was_given_and_nothing_else() => Fuzz.Run(100, random =>
    {
        var its = new ItsUnit(new HostMemory(), deviceIdBase: 0x1_0000, deviceBits: 17, eventBits: 7, events: 512);
        var host = new ItsDomain(its, new NumberSpace(8192, 300), processors: 3);
        MessageSource[] sources =
        [
            Sources.Plain("0000:00:00.0", 0), Sources.Plain("0000:00:02.0", 1), Sources.Plain("0000:ff:1f.7", 2),
            Sources.BehindPcieToPci("0000:06:03.0", 4, 6, 3), Sources.BehindPcieToPci("0000:06:04.0", 4, 6, 3), Sources.BehindConventional("0000:07:03.0", "00:1e.0", 4),
        ];
        List<MessageBlock> blocks = Churn.Of(host, sources, random);

        blocks.SelectMany(block => block.Interrupts).ShouldBeUnique();
        its.Examine().IsIsolating.ShouldBeTrue();
        foreach (MessageSource writer in sources)
        {
            Dictionary<uint, HostInterrupt> expected = blocks.Where(block => block.Source.SeenAs == writer.SeenAs)
                .SelectMany(block => block.Messages.Zip(block.Interrupts)).ToDictionary(pair => pair.First.Data, pair => pair.Second);
            IEnumerable<HostInterrupt?> raised = Enumerable.Range(0, 130)
                .Select(eventId => its.Filter(writer.SeenAs, 0x0800_0040, (uint)eventId))
                .Select(outcome => outcome.IsDelivered ? outcome.Interrupt : (HostInterrupt?)null);
            raised.ShouldBe(Enumerable.Range(0, 130).Select(eventId => expected.TryGetValue((uint)eventId, out HostInterrupt interrupt) ? interrupt : (HostInterrupt?)null));
        }
    });

    private HostInterrupt[] Deliver(string requester, MessageBlock block) =>
        [.. block.Messages.Select(message => unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];
}
