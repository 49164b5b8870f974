using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>The three ways in which a host can deal out interrupt files.</summary>
public class ImsicDomainTests
{
    private readonly HostMemory memory = new();
    private readonly ImsicUnit unit;

    public ImsicDomainTests() => unit = new ImsicUnit(memory, new ImsicLayout(harts: 4, guestFiles: 3));

    [Theory]
    [InlineData(ImsicFiles.Shared)]
    [InlineData(ImsicFiles.Own)]
    [InlineData(ImsicFiles.Mrif)]
    public void A_function_raises_the_interrupts_that_it_was_given(ImsicFiles files)
    {
        ImsicDomain domain = DomainOf(unit, files);
        MessageBlock one = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 1)!;
        MessageBlock four = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 4)!;
        MessageBlock other = domain.Allocate(Sources.Plain("0000:ff:1f.7", group: 2), 32)!;
        Deliver("03:05.2", one).ShouldBe(one.Interrupts);
        Deliver("03:05.2", four).ShouldBe(four.Interrupts);
        Deliver("ff:1f.7", other).ShouldBe(other.Interrupts);
        (four.Data % 4).ShouldBe(0u, "MSI replaces the low bits");
        one.Interrupts.Concat(four.Interrupts).Concat(other.Interrupts).ShouldBeUnique();
        one.Messages.ShouldAllBe(message => unit.IsMessage(message.Address));
    }

    [Fact]
    public void Shared_files_are_the_harts_own_in_turn()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Shared);
        MessageBlock[] blocks = [.. Enumerable.Range(0, 5).Select(i => domain.Allocate(Sources.Plain($"0000:00:0{i}.0", group: i), 1)!)];
        blocks.Select(block => block.Interrupts[0]).ShouldBe([new(0, 1), new(4, 1), new(8, 1), new(12, 1), new(0, 2)]);
        blocks.Select(block => block.Address).ShouldBe([0x2800_0000UL, 0x2800_4000UL, 0x2800_8000UL, 0x2800_C000UL, 0x2800_0000UL]);
    }

    [Fact]
    public void Shared_files_isolate_nobody()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Shared);
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 2)!;
        domain.Allocate(Sources.Plain("0000:00:02.0", group: 2), 1);
        Deliver("00:02.0", victim).ShouldBe(victim.Interrupts);
        Forge(domain, "00:02.0", victim).Where(interrupt => victim.Interrupts.Contains(interrupt)).Count().ShouldBe(8, "in both byte orders");
        unit.Examine().IsIsolating.ShouldBeFalse();
        domain.RootBusFlags.ShouldBe(PciBusFlags.None);
    }

    [Theory]
    [InlineData(ImsicFiles.Own)]
    [InlineData(ImsicFiles.Mrif)]
    public void A_group_with_a_file_of_its_own_raises_nothing_elsewhere(ImsicFiles files)
    {
        ImsicDomain domain = DomainOf(unit, files);
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 2)!;
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 2), 1)!;
        uint file = own.Interrupts[0].Processor;
        Forge(domain, "00:02.0", victim).ShouldAllBe(interrupt => interrupt.Processor == file);
        Forge(domain, "00:03.0", victim).ShouldBeEmpty("it has no context at all");
        victim.Interrupts.ShouldAllBe(interrupt => interrupt.Processor != file);
        unit.Examine().IsIsolating.ShouldBeTrue();
        domain.RootBusFlags.ShouldBe(PciBusFlags.MsiIsolated);
    }

    [Fact]
    public void Forged_messages_try_the_real_file_as_well()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Own);
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 1)!;
        victim.Interrupts.ShouldBe([new HostInterrupt(1, 1)]);
        domain.Forge(victim).ShouldBe([new(0x2800_0000, 1), new(0x2800_0004, 0x0100_0000), new(0x2800_1000, 1), new(0x2800_1004, 0x0100_0000)]);

        ImsicDomain resident = DomainOf(new ImsicUnit(memory, new ImsicLayout(harts: 1, guestFiles: 0)), ImsicFiles.Mrif);
        victim = resident.Allocate(Sources.Plain("0000:03:05.2", group: 1), 1)!;
        resident.Forge(victim).ShouldBe(
            [new(0x2800_0000, 1), new(0x2800_0004, 0x0100_0000), new(0x2800_0000, 255), new(0x2800_0004, 0xFF00_0000)], "the notice");
    }

    [Fact]
    public void Functions_of_a_group_have_one_file_and_different_identities()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Own);
        MessageBlock one = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 1)!;
        MessageBlock other = domain.Allocate(Sources.Plain("0000:03:05.3", group: 1), 1)!;
        other.Interrupts[0].Processor.ShouldBe(one.Interrupts[0].Processor);
        other.Interrupts[0].Vector.ShouldNotBe(one.Interrupts[0].Vector);
        Deliver("03:05.3", one).ShouldBe(one.Interrupts); // inside a group nothing is promised
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void A_function_s_writes_may_arrive_under_each_of_its_IDs()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Own);
        MessageBlock block = domain.Allocate(Sources.BehindPcieToPci("0000:07:03.0", bridgeBus: 4, secondaryBus: 6, group: 1), 1)!;
        Deliver("07:03.0", block).ShouldBe(block.Interrupts);
        Deliver("06:00.0", block).ShouldBe(block.Interrupts);
        Deliver("06:01.0", block).ShouldBeEmpty();
    }

    [Fact]
    public void Functions_in_no_group_share_nothing()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Own);
        MessageBlock one = domain.Allocate(Sources.Plain("0000:00:00.0", group: -1), 1)!;
        MessageBlock other = domain.Allocate(Sources.Plain("0000:00:01.0", group: -1), 1)!;
        other.Interrupts[0].Processor.ShouldNotBe(one.Interrupts[0].Processor);
        domain.Allocate(Sources.Plain("0000:00:00.0", group: -1), 1)!.Interrupts[0].Processor.ShouldBe(one.Interrupts[0].Processor);
    }

    [Fact]
    public void Guest_files_run_out()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Own);
        MessageBlock[] blocks = [.. Enumerable.Range(0, 12).Select(i => domain.Allocate(Sources.Plain($"0000:00:{i:x2}.0", group: i), 1)!)];
        blocks.Select(block => block.Interrupts[0].Processor).ShouldBe([1u, 5u, 9u, 13u, 2u, 6u, 10u, 14u, 3u, 7u, 11u, 15u]);
        domain.Allocate(Sources.Plain("0000:01:00.0", group: 20), 1).ShouldBeNull();
        domain.Allocate(Sources.Plain("0000:00:00.1", group: 0), 1).ShouldNotBeNull("a group that has a file goes on");

        domain.Free(blocks[4]);
        domain.Allocate(Sources.Plain("0000:01:00.0", group: 20), 1)!.Interrupts.ShouldBe(blocks[4].Interrupts);
        Deliver("00:04.0", blocks[4]).ShouldBeEmpty();
        unit.Examine().IsIsolating.ShouldBeTrue();

        DomainOf(new ImsicUnit(memory, new ImsicLayout(4, guestFiles: 0)), ImsicFiles.Own).Allocate(Sources.Plain("0000:00:01.0"), 1).ShouldBeNull();
    }

    [Fact]
    public void Memory_resident_files_need_memory_alone()
    {
        // The directory takes three pages: its root, one for the first half of all buses, one for the first eight devices.
        ImsicDomain domain = DomainOf(new ImsicUnit(memory, new ImsicLayout(harts: 1, guestFiles: 0), pages: 5), ImsicFiles.Mrif);
        MessageBlock first = domain.Allocate(Sources.Plain("0000:00:01.0", group: 1), 1)!;
        domain.Allocate(Sources.Plain("0000:00:02.0", group: 2), 1).ShouldNotBeNull();
        domain.Allocate(Sources.Plain("0000:00:03.0", group: 3), 1).ShouldBeNull();
        domain.Allocate(Sources.Plain("0000:00:08.0", group: 1), 1).ShouldBeNull("its context would need another page");
        domain.Free(first);
        domain.Allocate(Sources.Plain("0000:00:08.0", group: 4), 1).ShouldBeNull("which leaves nothing behind");
        domain.Allocate(Sources.Plain("0000:00:03.0", group: 3), 1)!.Interrupts.ShouldBe(first.Interrupts);
    }

    [Theory]
    [InlineData(ImsicFiles.Own, 255)]
    [InlineData(ImsicFiles.Mrif, 255)]
    [InlineData(ImsicFiles.Shared, 4 * 255)]
    public void Identities_run_out(ImsicFiles files, int identities)
    {
        ImsicDomain domain = DomainOf(unit, files);
        MessageBlock[] blocks = [.. Enumerable.Range(0, identities).Select(_ => domain.Allocate(Sources.Plain("0000:00:01.0", group: 1), 1)!)];
        blocks.SelectMany(block => block.Interrupts).ShouldBeUnique();
        domain.Allocate(Sources.Plain("0000:00:01.0", group: 1), 1).ShouldBeNull();
        domain.Free(blocks[40]);
        domain.Allocate(Sources.Plain("0000:00:01.0", group: 1), 1)!.Interrupts.ShouldBe(blocks[40].Interrupts);
    }

    [Theory]
    [InlineData(ImsicFiles.Shared)]
    [InlineData(ImsicFiles.Own)]
    [InlineData(ImsicFiles.Mrif)]
    public void A_group_that_gave_all_back_sends_nothing(ImsicFiles files)
    {
        ImsicDomain domain = DomainOf(unit, files);
        MessageBlock one = domain.Allocate(Sources.Plain("0000:00:01.0", group: 1), 1)!;
        MessageBlock other = domain.Allocate(Sources.Plain("0000:00:01.1", group: 1), 1)!;
        domain.Free(one);
        Deliver("00:01.1", other).ShouldBe(other.Interrupts);
        domain.Free(other);
        Deliver("00:01.0", one).ShouldBeEmpty();
        Deliver("00:01.1", other).ShouldBeEmpty();
        unit.Examine().IsIsolating.ShouldBeTrue("no device has a context");
    }

    [Theory]
    [InlineData(ImsicFiles.Shared)]
    [InlineData(ImsicFiles.Own)]
    public void Whoever_reaches_the_tables_raises_what_he_likes(ImsicFiles files)
    {
        ImsicDomain domain = DomainOf(unit, files);
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 2), 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 8)!;
        Corrupt(domain, own, victim);
        Deliver("00:02.0", own).ShouldBe([victim.Interrupts[0]]);
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Fact]
    public void Whoever_reaches_the_tables_gets_into_another_s_memory_resident_file()
    {
        ImsicDomain domain = DomainOf(unit, ImsicFiles.Mrif);
        MessageBlock own = domain.Allocate(Sources.Plain("0000:00:02.0", group: 2), 1)!;
        MessageBlock victim = domain.Allocate(Sources.Plain("0000:03:05.2", group: 1), 1)!;
        Corrupt(domain, own, victim);
        Deliver("00:02.0", own).ShouldBe(victim.Interrupts);
        unit.Receive(Sources.Id("00:02.0"), own.Address, 77).Interrupt.ShouldBe(victim.Interrupts[0] with { Vector = 77 });
        unit.Examine().IsIsolating.ShouldBeFalse();
    }

    [Theory]
    [InlineData(ImsicFiles.Shared)]
    [InlineData(ImsicFiles.Own)]
    [InlineData(ImsicFiles.Mrif)]
    public void Whatever_is_taken_and_given_back_a_file_is_of_one_group_unless_it_is_shared(ImsicFiles files) => Fuzz.Run(60, random =>
    {
        var imsic = new ImsicUnit(new HostMemory(), new ImsicLayout(harts: 3, guestFiles: 1, identities: 63), pages: 12);
        ImsicDomain host = DomainOf(imsic, files);
        MessageSource[] sources =
        [
            Sources.Plain("0000:00:02.0", 1), Sources.Plain("0000:00:02.1", 1), Sources.Plain("0000:80:00.0", 2), Sources.Plain("0000:ff:1f.7", 3),
            Sources.BehindPcieToPci("0000:06:03.0", 4, 6, 4), Sources.BehindConventional("0000:07:03.0", "00:1e.0", 5), Sources.Plain("0000:00:04.0", -1),
        ];
        List<MessageBlock> blocks = Churn.Of(host, sources, random);

        blocks.SelectMany(block => block.Interrupts).ShouldBeUnique();
        imsic.Examine().IsIsolating.ShouldBe(files != ImsicFiles.Shared || blocks.Count == 0);
        foreach (MessageBlock block in blocks)
        {
            foreach (RequesterId id in block.Source.Ids)
            {
                block.Messages.Select(message => imsic.Filter(id, message.Address, message.Data).Interrupt).ShouldBe(block.Interrupts);
            }

            IEnumerable<MessageOutcome> forged =
                from source in sources
                where source.Group != block.Source.Group
                from message in host.Forge(block)
                select imsic.Filter(source.SeenAs, message.Address, message.Data);
            forged.Any(outcome => outcome.IsDelivered && block.Interrupts.Contains(outcome.Interrupt))
                .ShouldBe(files == ImsicFiles.Shared && blocks.Any(other => other.Source.Group != block.Source.Group));
        }
    });

    [Theory]
    [InlineData(ImsicFiles.Shared)]
    [InlineData(ImsicFiles.Own)]
    [InlineData(ImsicFiles.Mrif)]
    public void All_IOMMUs_of_a_host_deal_out_the_same_files(ImsicFiles files)
    {
        var supply = new ImsicSupply(unit.Layout);
        var one = new ImsicDomain(unit, supply, files);
        var other = new ImsicDomain(new ImsicUnit(memory, unit.Layout), supply, files);
        MessageBlock[] blocks = [.. Enumerable.Range(0, 12).Select(i => (i % 2 == 0 ? one : other).Allocate(Sources.Plain($"0000:00:{i:x2}.0", group: i), 1)!)];
        blocks.SelectMany(block => block.Interrupts).ShouldBeUnique();
        (one.Allocate(Sources.Plain("0000:01:00.0", group: 20), 1) is null).ShouldBe(files == ImsicFiles.Own);
        one.Free(blocks[0]);
        other.Allocate(Sources.Plain("0000:02:00.0", group: 30), 1).ShouldNotBeNull();
    }

    private static ImsicDomain DomainOf(ImsicUnit unit, ImsicFiles files) => new(unit, new ImsicSupply(unit.Layout), files);

    private HostInterrupt[] Deliver(string requester, MessageBlock block) =>
        [.. block.Messages.Select(message => unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];

    private HostInterrupt[] Forge(ImsicDomain domain, string requester, MessageBlock victim) =>
        [.. domain.Forge(victim).Select(message => unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];

    private void Corrupt(ImsicDomain domain, MessageBlock own, MessageBlock victim)
    {
        foreach (TableWrite write in domain.Corrupt(own, victim))
        {
            BitConverter.GetBytes(write.Value).CopyTo(memory.At(write.Address));
        }
    }
}
