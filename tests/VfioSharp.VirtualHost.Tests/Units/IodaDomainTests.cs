using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Units.Power;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>The same bridges as their host programs them: skiboot and Linux's pci-ioda.c.</summary>
public abstract class IodaDomainTests : IodaTests
{
    private protected IodaDomainTests(int? mismatch, int? unknownPe, int? noTable) : base(mismatch, unknownPe, noTable)
    {
    }

    [Fact]
    public void A_function_is_given_sources_of_its_PE()
    {
        IodaDomain domain = BringUp();
        MessageBlock block = domain.Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        Deliver("01:00.0", block).ShouldBe(block.Interrupts);
        Deliver("01:00.1", block).ShouldBeEmpty("nobody put that one into the PE");
        Deliver("02:00.0", block).ShouldBeEmpty();
        domain.RootBusFlags.ShouldBe(PciBusFlags.MsiIsolated);
        Unit.Examine().IsIsolating.ShouldBeTrue();
        Unit.Examine().Reason.ShouldContain("RTT");
    }

    [Fact]
    public void Whoever_is_in_the_PE_may_use_its_sources_under_any_ID_of_theirs()
    {
        IodaDomain domain = BringUp();
        MessageBlock behindBridge = domain.Allocate(Sources.BehindPcieToPci("0000:07:03.0", bridgeBus: 4, secondaryBus: 6, group: 9), 1)!;
        MessageBlock beside = domain.Allocate(Sources.Plain("0000:05:00.0", 9), 1)!;
        Deliver("06:00.0", behindBridge).ShouldBe(behindBridge.Interrupts);
        Deliver("07:03.0", behindBridge).ShouldBe(behindBridge.Interrupts);
        Deliver("05:00.0", behindBridge).ShouldBe(behindBridge.Interrupts);
        Deliver("06:00.0", beside).ShouldBe(beside.Interrupts);
        Deliver("07:04.0", beside).ShouldBeEmpty();
    }

    [Fact]
    public void Only_a_function_in_a_PE_is_given_messages()
    {
        IodaDomain domain = BringUp();
        domain.Allocate(Sources.Plain("0000:01:00.0", -1), 1).ShouldBeNull();
        domain.Allocate(Sources.Plain("0000:01:00.0", Unit.Pes - 1), 1).ShouldBeNull("the last PE is that of nobody");
        domain.Allocate(Sources.Plain("0000:01:00.0", Unit.Pes - 2), 1).ShouldNotBeNull();
        domain.Allocate(Sources.Plain("0000:01:00.0", 0), 64).ShouldBeNull("an address reaches 32");
    }

    [Fact]
    public void The_vectors_of_msi_are_sources_in_a_row_at_one_address()
    {
        IodaDomain domain = BringUp();
        domain.Allocate(Sources.Plain("0000:01:00.0", 7), 1);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 32)!;
        block.Address.ShouldBe(Space64 | 0x200);
        block.Data.ShouldBe(0u);
        Deliver("02:00.0", block).ShouldBe(block.Interrupts);
        block.Interrupts.Select(interrupt => interrupt.Vector).ShouldBe(Enumerable.Range(32, 32).Select(number => (uint)number));
        block.Interrupts.Select(interrupt => interrupt.Processor).Distinct().ShouldBe([0u, 1u, 2u, 3u], ignoreOrder: true);

        MessageBlock four = domain.Allocate(Sources.Plain("0000:03:00.0", 9), 4)!;
        (four.Address, four.Data).ShouldBe((Space64 | 0x400, 0u));
        MessageBlock next = domain.Allocate(Sources.Plain("0000:03:00.0", 9), 4)!;
        (next.Address, next.Data).ShouldBe((Space64 | 0x400, 4u), "the data's five bits say which");
    }

    [Fact]
    public void What_was_freed_delivers_nothing_and_is_given_again()
    {
        IodaDomain domain = BringUp();
        Unit.FreezesOnMismatch = false;
        List<MessageBlock> blocks = [];
        while (domain.Allocate(Sources.Plain("0000:01:00.0", 7), 4) is { } block)
        {
            blocks.Add(block);
        }

        blocks.Count.ShouldBe(Unit.MessageSources / 4);
        domain.Free(blocks[20]);
        Deliver("01:00.0", blocks[20]).ShouldBeEmpty();
        Unit.FaultLog[^1].Fault.Text.ShouldBe("the source is masked, or its last interrupt has not ended");
        Deliver("01:00.0", blocks[21]).Length.ShouldBe(4);

        MessageBlock again = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 4).ShouldNotBeNull();
        again.Entry.ShouldBe(blocks[20].Entry);
        Deliver("02:00.0", again).ShouldBe(again.Interrupts);
        Deliver("01:00.0", again).ShouldBeEmpty();
        domain.Allocate(Sources.Plain("0000:02:00.0", 8), 1).ShouldBeNull();
    }

    [Fact]
    public void An_ID_is_in_its_PE_for_as_long_as_somebody_with_it_has_messages()
    {
        IodaDomain domain = BringUp();
        Unit.FreezesOnMismatch = false;
        MessageBlock one = domain.Allocate(Sources.BehindConventional("0000:07:03.0", "00:1e.0", 9), 1)!;
        MessageBlock two = domain.Allocate(Sources.BehindConventional("0000:07:04.0", "00:1e.0", 9), 1)!;
        domain.Free(one);
        Deliver("00:1e.0", two).ShouldBe(two.Interrupts);
        Deliver("07:03.0", two).ShouldBeEmpty();
        domain.Free(two);
        Unit.PeOf(Sources.Id("00:1e.0")).ShouldBe(Unit.Pes - 1);
    }

    [Fact]
    public void A_function_that_was_admitted_is_in_its_PE_before_it_has_messages()
    {
        IodaDomain domain = BringUp();
        MessageSource quiet = Sources.Plain("0000:01:00.0", 7);
        domain.Admit(quiet);
        domain.Admit(Sources.Plain("0000:01:00.1", -1));
        Unit.PeOf(Sources.Id("01:00.0")).ShouldBe(7);
        Unit.PeOf(Sources.Id("01:00.1")).ShouldBe(Unit.Pes - 1);

        MessageBlock victim = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 1)!;
        Deliver("01:00.0", victim).ShouldBeEmpty();
        Unit.StopsDma(Sources.Id("01:00.0")).ShouldBeTrue();
        Unit.StopsDma(Sources.Id("01:00.1")).ShouldBeFalse("its PE is another");

        domain.Free(domain.Allocate(quiet, 1)!);
        Unit.PeOf(Sources.Id("01:00.0")).ShouldBe(7);
        domain.Dismiss(quiet);
        domain.Dismiss(Sources.Plain("0000:01:00.1", -1));
        Unit.PeOf(Sources.Id("01:00.0")).ShouldBe(Unit.Pes - 1);
    }

    [Fact]
    public void The_machine_numbers_the_sources_of_its_bridges_in_a_row()
    {
        Unit.FirstInterrupt = 0x5000;
        MessageBlock block = BringUp().Allocate(Sources.Plain("0000:01:00.0", 7), 2)!;
        block.Interrupts.Select(interrupt => interrupt.Vector).ShouldBe([0x5000u, 0x5001u]);
        block.Address.ShouldBe(Space64, "the message has the bridge's own number");
        Deliver("01:00.0", block).ShouldBe(block.Interrupts);
    }

    [Fact]
    public void Of_all_sources_that_a_message_can_name_a_requester_raises_those_of_its_PE_and_no_other()
    {
        IodaDomain domain = BringUp();
        Unit.FreezesOnMismatch = false;
        string[] requesters = ["01:00.0", "01:00.1", "02:00.0", "03:00.0"];
        int[] pes = [7, 7, 8, 0];
        Dictionary<int, MessageBlock> owners = [];
        for (int i = 0; i < 40; i++)
        {
            MessageBlock block = domain.Allocate(Sources.Plain("0000:" + requesters[i % 4], pes[i % 4]), 1 << (i % 6))!;
            Enumerable.Range(block.Entry, block.Interrupts.Length).ToList().ForEach(source => owners.Add(source, block));
        }

        long delivered = 0;
        for (ulong number = 0; number < 0x10000; number++)
        {
            for (int i = 0; i < requesters.Length; i++)
            {
                MessageOutcome outcome = Unit.Receive(Sources.Id(requesters[i]), Space64 | (number << 4), 0);
                bool isOwn = owners.TryGetValue((int)number, out MessageBlock? owner) && owner.Source.Group == pes[i];
                HostInterrupt? expected = isOwn ? owner!.Interrupts[(int)number - owner.Entry] : null;
                HostInterrupt? raised = outcome.IsDelivered ? outcome.Interrupt : null;
                delivered += isOwn ? 1 : 0;
                if (raised != expected)
                {
                    Assert.Fail($"{requesters[i]}, source 0x{number:x}: {outcome}");
                }
            }
        }

        // Of the four requesters two share a PE.
        delivered.ShouldBe(owners.Values.Sum(block => block.Source.Group == 7 ? 2 : 1));
        Unit.Delivered.ShouldBe(delivered);
        Unit.Blocked.ShouldBe((4 * 0x10000) - delivered);
    }

    [Fact]
    public void Every_forged_form_of_a_message_is_blocked_for_others_and_would_be_delivered_for_its_owner()
    {
        IodaDomain domain = BringUp();
        Unit.FreezesOnMismatch = false;
        domain.Allocate(Sources.Plain("0000:01:00.0", 7), 1);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 4)!;
        InterruptMessage[] forged = [.. domain.Forge(block)];
        forged.Length.ShouldBe(16);
        forged.ShouldAllBe(message => Unit.IsMessage(message.Address));
        forged.ShouldAllBe(message => !Unit.Receive(Sources.Id("01:00.0"), message.Address, message.Data).IsDelivered);
        forged.ShouldAllBe(message => !Unit.Receive(Sources.Id("09:00.0"), message.Address, message.Data).IsDelivered);
        forged.Select(message => Unit.Receive(Sources.Id("02:00.0"), message.Address, message.Data)).ShouldAllBe(outcome => outcome.IsDelivered);
        forged.Select(message => Unit.Receive(Sources.Id("02:00.0"), message.Address, message.Data).Interrupt).Distinct().ShouldBe(block.Interrupts, ignoreOrder: true);
    }

    [Fact]
    public void A_frozen_PE_goes_on_when_the_host_clears_it()
    {
        IodaDomain domain = BringUp();
        MessageSource attacker = Sources.Plain("0000:01:00.0", 7);
        MessageBlock own = domain.Allocate(attacker, 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 1)!;
        Deliver("01:00.0", victim).ShouldBeEmpty();
        Deliver("01:00.0", own).ShouldBeEmpty();

        domain.Recover(attacker);
        Unit.States.Read(7).ShouldBe((0UL, 0UL));
        Unit.StopsDma(Sources.Id("01:00.0")).ShouldBeFalse();
        Deliver("01:00.0", own).ShouldBe(own.Interrupts);
    }

    [Fact]
    public void With_the_switch_off_a_PE_that_failed_the_check_goes_on()
    {
        IodaDomain domain = BringUp();
        Unit.FreezesOnMismatch.ShouldBeTrue("firmware sets it");
        Unit.FreezesOnMismatch = false;
        MessageBlock own = domain.Allocate(Sources.Plain("0000:01:00.0", 7), 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:02:00.0", 8), 1)!;
        Deliver("01:00.0", victim).ShouldBeEmpty();
        Deliver("01:00.0", own).ShouldBe(own.Interrupts);
        Unit.StopsDma(Sources.Id("01:00.0")).ShouldBeFalse();
    }
}
