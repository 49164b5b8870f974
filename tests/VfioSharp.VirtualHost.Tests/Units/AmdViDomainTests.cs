using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.Amd;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>What Linux writes for an AMD IOMMU (drivers/iommu/amd, 6.1), and what comes of it.</summary>
public class AmdViDomainTests
{
    private const ulong Window = 0xFEE0_0000;

    private readonly HostMemory memory = new();
    private readonly AmdViUnit unit;

    public AmdViDomainTests() => unit = new AmdViUnit(memory, 8);

    [Theory]
    [InlineData("Basic")]
    [InlineData("Wide")]
    [InlineData("X2Apic")]
    public void A_function_s_messages_are_its_own_in_every_format(string format)
    {
        AmdViDomain domain = Host(format: Enum.Parse<AmdViFormat>(format));
        unit.Format.ToString().ShouldBe(format);
        MessageBlock first = domain.Allocate(Sources.Plain("0000:03:05.2"), 1)!;
        MessageBlock second = domain.Allocate(Sources.Plain("0000:00:02.0", group: 1), 2)!;
        first.Messages.ShouldBe([new(Window, 0)]);
        second.Messages.ShouldBe([new(Window, 0), new(Window, 1)]); // an index into another table
        Deliver("03:05.2", first).ShouldBe(first.Interrupts);
        Deliver("00:02.0", second).ShouldBe(second.Interrupts);
        Deliver("03:05.2", second).ShouldBe(first.Interrupts); // the first index is its own, the second nothing
        Deliver("03:05.3", first).ShouldBeEmpty();
        unit.Examine().IsIsolating.ShouldBeTrue();
        domain.RootBusFlags.ShouldBe(PciBusFlags.MsiIsolated);
    }

    [Fact]
    public void A_function_that_was_given_no_messages_has_none()
    {
        Host();
        unit.Receive(Sources.Id("03:05.2"), Window, 0x41).Fault!.Code.ShouldBe(8);
        unit.Receive(Sources.Id("03:05.2"), Window, 0x441).Fault!.Code.ShouldBe(2);
    }

    [Fact]
    public void Without_remapping_the_iommu_is_on_and_messages_pass()
    {
        AmdViDomain domain = Host(remaps: false);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2"), 4)!;
        block.Address.ShouldBe(Window | ((ulong)block.Interrupts[0].Processor << 12));
        block.Data.ShouldBe(block.Interrupts[0].Vector);
        Deliver("03:05.2", block).ShouldBe(block.Interrupts);
        Deliver("00:02.0", block).ShouldBe(block.Interrupts);
        unit.IsEnabled.ShouldBeTrue();
        unit.Examine().IsIsolating.ShouldBeFalse();
        unit.Examine().Reason.ShouldContain("IV is 0");
        domain.RootBusFlags.ShouldBe(PciBusFlags.None);
        domain.Forge(block).ShouldAllBe(message => unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).IsDelivered);
        domain.Corrupt(block, block).ShouldBeEmpty();

        domain.Free(block);
        domain.Allocate(Sources.Plain("0000:03:05.2"), 4).ShouldNotBeNull();
    }

    [Fact]
    public void All_ids_of_a_function_lead_to_its_table()
    {
        AmdViDomain domain = Host();
        MessageBlock block = domain.Allocate(Sources.BehindPcieToPci("0000:07:03.0", bridgeBus: 4, secondaryBus: 6), 1)!;
        Deliver("07:03.0", block).ShouldBe(block.Interrupts);
        Deliver("06:00.0", block).ShouldBe(block.Interrupts);
        Deliver("06:01.0", block).ShouldBeEmpty("VT-d would admit the bus; here an ID is an ID");
        Deliver("07:04.0", block).ShouldBeEmpty();
        unit.Examine().Reason.ShouldContain("1 requester IDs have the table of another");
    }

    [Fact]
    public void Functions_behind_a_bridge_share_a_table_and_no_entry_of_it()
    {
        AmdViDomain domain = Host();
        MessageBlock first = domain.Allocate(Sources.BehindConventional("0000:07:03.0", "00:1e.0"), 1)!;
        MessageBlock second = domain.Allocate(Sources.BehindConventional("0000:07:04.0", "00:1e.0"), 1)!;
        MessageBlock bridge = domain.Allocate(Sources.Plain("0000:00:1e.0"), 1)!;
        new[] { first.Data, second.Data, bridge.Data }.ShouldBe([0u, 1u, 2u]);
        foreach (MessageBlock block in new[] { first, second, bridge })
        {
            Deliver("00:1e.0", block).ShouldBe(block.Interrupts);
        }

        Deliver("07:04.0", first).ShouldBe(first.Interrupts); // within the group nothing is promised
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void An_id_that_two_bridges_of_a_chain_give_is_written_once()
    {
        AmdViDomain domain = Host();
        MessageSource source = Sources.BehindPcieToPci("0000:06:00.0", bridgeBus: 4, secondaryBus: 6);
        MessageBlock block = domain.Allocate(source, 1)!;
        domain.Free(block);
        Deliver("06:00.0", block).ShouldBeEmpty();
        domain.Free(domain.Allocate(source, 1)!);
    }

    [Fact]
    public void The_io_apic_has_the_first_entries_of_its_id()
    {
        AmdViDomain domain = Host();
        domain.Allocate(Sources.Plain("0000:00:14.0"), 1)!.Data.ShouldBe(32u);
        domain.Allocate(Sources.Plain("0000:00:14.0"), 8)!.Data.ShouldBe(40u);
        domain.Allocate(Sources.Plain("0000:00:14.1"), 1)!.Data.ShouldBe(0u);
    }

    [Fact]
    public void The_vectors_of_msi_are_entries_in_a_row_at_a_multiple_of_their_number()
    {
        AmdViDomain domain = Host();
        domain.Allocate(Sources.Plain("0000:00:02.0"), 1);
        MessageBlock block = domain.Allocate(Sources.Plain("0000:00:02.0"), 8)!;
        block.Data.ShouldBe(8u);
        Deliver("00:02.0", block).ShouldBe(block.Interrupts);
        block.Interrupts.Distinct().Count().ShouldBe(8);
    }

    [Fact]
    public void Processors_beyond_the_first_are_named_in_every_format()
    {
        foreach (AmdViFormat format in new[] { AmdViFormat.Basic, AmdViFormat.Wide, AmdViFormat.X2Apic })
        {
            var domain = new AmdViDomain(new AmdViUnit(memory, 1), new X86Vectors(255), format: format);
            for (int i = 0; i < 255; i++)
            {
                MessageBlock block = domain.Allocate(Sources.Plain("0000:00:02.0"), 1)!;
                domain.Unit.Receive(Sources.Id("00:02.0"), block.Address, block.Data).Interrupt.ShouldBe(block.Interrupts[0]);
                block.Interrupts[0].Processor.ShouldBe((uint)i);
            }
        }
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("X2Apic")]
    public void What_was_freed_delivers_nothing_and_is_given_again(string format)
    {
        AmdViDomain domain = Host(format: Enum.Parse<AmdViFormat>(format), processors: 1);
        List<MessageBlock> blocks = [];
        while (domain.Allocate(Sources.Plain("0000:00:02.0"), 4) is { } block)
        {
            blocks.Add(block);
        }

        blocks.Count.ShouldBe(47, "188 vectors");
        domain.Free(blocks[20]);
        Deliver("00:02.0", blocks[20]).ShouldBeEmpty();
        Deliver("00:02.0", blocks[19]).ShouldBe(blocks[19].Interrupts);
        Deliver("00:02.0", blocks[21]).ShouldBe(blocks[21].Interrupts);
        MessageBlock again = domain.Allocate(Sources.Plain("0000:00:03.0"), 4)!;
        again.Interrupts.ShouldBe(blocks[20].Interrupts);
        domain.Allocate(Sources.Plain("0000:00:03.0"), 1).ShouldBeNull();
        Deliver("00:02.0", blocks[20]).ShouldBeEmpty();
        Deliver("00:03.0", again).ShouldBe(again.Interrupts);
    }

    [Fact]
    public void A_table_has_512_entries()
    {
        AmdViDomain domain = Host();
        MessageBlock[] blocks = [.. Enumerable.Range(0, 512).Select(_ => domain.Allocate(Sources.Plain("0000:00:02.0"), 1)!)];
        blocks.Select(block => block.Data).ShouldBe(Enumerable.Range(0, 512).Select(i => (uint)i));
        domain.Allocate(Sources.Plain("0000:00:02.0"), 1).ShouldBeNull();
        domain.Allocate(Sources.Plain("0000:00:03.0"), 1).ShouldNotBeNull("another's table has room, and no vector was lost");
        domain.Free(blocks[300]);
        domain.Allocate(Sources.Plain("0000:00:02.0"), 1)!.Data.ShouldBe(300u);
    }

    [Fact]
    public void Tables_run_out_and_come_back()
    {
        AmdViDomain domain = Host(processors: 1);
        MessageBlock[] blocks = [.. Enumerable.Range(0, 8).Select(i => domain.Allocate(Sources.Plain($"0000:01:{i:x2}.0", group: i), 1)!)];
        domain.Allocate(Sources.Plain("0000:02:00.0", group: 8), 1).ShouldBeNull();
        domain.Free(blocks[3]);
        MessageBlock late = domain.Allocate(Sources.Plain("0000:02:00.0", group: 8), 1)!;
        Deliver("02:00.0", late).ShouldBe(late.Interrupts);
        Deliver("01:03.0", late).ShouldBeEmpty();
        unit.Receive(Sources.Id("01:03.0"), Window, 0).Fault!.Code.ShouldBe(8, "as before it had a table");

        Enumerable.Range(0, 500).Count(_ => domain.Allocate(Sources.Plain("0000:02:01.0", group: 9), 1) is not null).ShouldBe(0);
        Enumerable.Range(0, 500).Count(_ => domain.Allocate(Sources.Plain("0000:02:00.0", group: 8), 1) is not null).ShouldBe(188 - 8, "no vector was lost in vain");
    }

    [Fact]
    public void Ids_that_were_shared_are_not_once_the_bridge_is_gone()
    {
        AmdViDomain domain = Host();
        MessageBlock stays = domain.Allocate(Sources.BehindConventional("0000:07:04.0", "00:1e.0"), 1)!;
        MessageBlock goes = domain.Allocate(Sources.BehindConventional("0000:07:03.0", "00:1e.0"), 1)!;
        domain.Free(goes);
        MessageBlock moved = domain.Allocate(Sources.Plain("0000:07:03.0", group: 1), 1)!;
        Deliver("07:03.0", stays).ShouldBe(moved.Interrupts); // the index is the same, the table is not
        Deliver("07:03.0", moved).ShouldBe(moved.Interrupts);
        Deliver("07:04.0", stays).ShouldBe(stays.Interrupts);

        domain.Free(stays);
        MessageBlock bridge = domain.Allocate(Sources.Plain("0000:00:1e.0", group: 2), 1)!;
        Deliver("00:1e.0", bridge).ShouldBe(bridge.Interrupts);
        Deliver("07:04.0", bridge).ShouldBeEmpty();
    }

    [Fact]
    public void A_table_that_is_given_again_is_empty()
    {
        AmdViDomain domain = Host();
        MessageBlock block = domain.Allocate(Sources.Plain("0000:00:02.0"), 1)!;
        unit.Write(unit.AddressOf(0), 77, AmdViEntry.To(1, 0x99, unit.Format));
        unit.Receive(Sources.Id("00:02.0"), Window, 77).IsDelivered.ShouldBeTrue();
        domain.Free(block);
        domain.Allocate(Sources.Plain("0000:00:02.0"), 1);
        unit.Receive(Sources.Id("00:02.0"), Window, 77).IsDelivered.ShouldBeFalse();
    }

    [Fact]
    public void Every_forged_form_of_a_message_is_blocked_for_others_and_each_would_be_delivered_on_some_host()
    {
        AmdViDomain domain = Host();
        MessageBlock block = domain.Allocate(Sources.Plain("0000:03:05.2"), 2)!;
        InterruptMessage[] forged = [.. domain.Forge(block)];
        forged.Distinct().Count().ShouldBe(10);
        forged.ShouldAllBe(message => !unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).IsDelivered);

        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 1), 2)!;
        forged.Select(message => unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data)).Where(outcome => outcome.IsDelivered)
            .ShouldAllBe(outcome => own.Interrupts.Contains(outcome.Interrupt), "or becomes its own");

        var seen = new HashSet<InterruptMessage>();
        foreach (AmdViDeviceEntry device in new[] { unit.Read(Sources.Id("03:05.2")), AmdViDeviceEntry.Open })
        {
            unit.Write(Sources.Id("00:02.0"), device);
            seen.UnionWith(forged.Where(message => block.Interrupts.Contains(unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).Interrupt)));
        }

        seen.Count.ShouldBe(10);
    }

    [Theory]
    [InlineData("Basic")]
    [InlineData("Wide")]
    [InlineData("X2Apic")]
    public void Whoever_reaches_the_tables_raises_what_he_likes(string format)
    {
        AmdViDomain domain = Host(format: Enum.Parse<AmdViFormat>(format));
        MessageBlock[] mine = [.. Enumerable.Range(0, 4).Select(_ => domain.Allocate(Sources.Plain("0000:00:02.0"), 1)!)];
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 4)!;
        foreach (int chosen in new[] { 1, 2 })
        {
            foreach (TableWrite write in domain.Corrupt(mine[chosen], victim))
            {
                BitConverter.GetBytes(write.Value).CopyTo(memory.At(write.Address));
            }

            Deliver("00:02.0", mine[chosen]).ShouldBe([victim.Interrupts[0]]);
        }

        Deliver("00:02.0", mine[0]).ShouldBe(mine[0].Interrupts);
        Deliver("00:02.0", mine[3]).ShouldBe(mine[3].Interrupts); // what shares a word with it is left alone
    }

    /// <summary>A few functions on a few buses, some behind bridges, come and go; all the while each has its own messages and nobody another group's.</summary>
    [Fact]
    public void However_messages_come_and_go_none_crosses_groups() => Fuzz.Run(40, random =>
    {
        var hardware = new AmdViUnit(new HostMemory(), 6);
        var domain = new AmdViDomain(hardware, new X86Vectors(2), format: (AmdViFormat)(random.Next() % 3));
        MessageSource[] sources =
        [
            Sources.Plain("0000:00:02.0", group: 0),
            Sources.Plain("0000:01:00.0", group: 1),
            Sources.BehindConventional("0000:07:03.0", "00:1e.0", group: 2),
            Sources.BehindConventional("0000:07:04.0", "00:1e.0", group: 2),
            Sources.Plain("0000:00:1e.0", group: 2),
            Sources.BehindPcieToPci("0000:09:00.0", bridgeBus: 8, secondaryBus: 9, group: 3),
            Sources.BehindPcieToPci("0000:09:01.0", bridgeBus: 8, secondaryBus: 9, group: 3),
            Sources.Plain("0000:00:14.0", group: 4),
        ];
        List<MessageBlock> blocks = [];
        for (int step = 0; step < 60; step++)
        {
            if (blocks.Count > 0 && random.Next() % 3 == 0)
            {
                int chosen = (int)(random.Next() % (ulong)blocks.Count);
                domain.Free(blocks[chosen]);
                blocks.RemoveAt(chosen);
            }
            else if (domain.Allocate(sources[random.Next() % 8], 1 << (int)(random.Next() % 4)) is { } block)
            {
                blocks.Add(block);
            }
        }

        foreach (MessageBlock block in blocks)
        {
            block.Messages.Select(message => hardware.Receive(block.Source.SeenAs, message.Address, message.Data).Interrupt).ShouldBe(block.Interrupts);
        }

        hardware.Examine().IsIsolating.ShouldBeTrue();
        Dictionary<HostInterrupt, int> owners = blocks.SelectMany(block => block.Interrupts.Select(interrupt => (interrupt, block.Source.Group))).ToDictionary();
        foreach (MessageSource source in sources)
        {
            InterruptMessage[] written =
            [
                .. blocks.SelectMany(domain.Forge),
                .. Enumerable.Range(0, 2048).SelectMany(data => new InterruptMessage[] { new(Window, (uint)data), new(Window | 4, (uint)data) }),
            ];
            foreach (InterruptMessage message in written)
            {
                MessageOutcome outcome = hardware.Filter(source.SeenAs, message.Address, message.Data);
                if (outcome.IsDelivered && owners.TryGetValue(outcome.Interrupt, out int owner))
                {
                    owner.ShouldBe(source.Group, $"{source.Address} wrote {message}");
                }
            }
        }
    });

    private AmdViDomain Host(bool remaps = true, AmdViFormat format = AmdViFormat.X2Apic, int processors = 4) =>
        new(unit, new X86Vectors(processors), remaps, format);

    private HostInterrupt[] Deliver(string requester, MessageBlock block) =>
        [.. block.Messages.Select(message => unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];
}
