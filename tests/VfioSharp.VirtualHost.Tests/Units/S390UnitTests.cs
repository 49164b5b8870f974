using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Shared;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.S390;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Adapter interruptions of PCI functions on s390x (Linux: arch/s390/pci/pci_irq.c, asm/pci_insn.h).</summary>
public class S390UnitTests
{
    private const ulong Address = 0xFE00_0000_0000_0000;

    private readonly HostMemory memory = new();
    private readonly AdapterVectors vectors;
    private readonly S390Unit unit;

    public S390UnitTests()
    {
        vectors = new AdapterVectors(memory, 16);
        unit = new S390Unit(vectors);
    }

    private HostTable Vectors => memory.Tables.Single(table => table.Name.Contains("vectors", StringComparison.Ordinal));

    private HostTable Summary => memory.Tables.Single(table => table.Name.Contains("summary", StringComparison.Ordinal));

    [Theory]
    [InlineData(0xFDFF_FFFF_FFFF_FFFCUL, false)]
    [InlineData(0xFE00_0000_0000_0000UL, true)]
    [InlineData(0xFE00_0000_0000_0FFCUL, true)]
    [InlineData(0xFE00_0000_0000_1000UL, false)]
    [InlineData(0UL, false)]
    public void Messages_are_writes_to_the_page_of_the_function_group_s_address(ulong address, bool isMessage)
    {
        unit.IsMessage(address).ShouldBe(isMessage);
        unit.MessageAddress.ShouldBe(Address);
    }

    [Fact]
    public void The_fields_of_a_function_information_block_are_where_the_architecture_has_them()
    {
        var block = new FunctionInformation(0x7FFF_3FBF, 1, 2); // every bit of every field
        (block.Subclass, block.Interrupts, block.VectorOffset, block.HasSummary, block.SummaryOffset).ShouldBe((7, 0xFFF, 0x3F, true, 0x3F));
        block = new FunctionInformation(0x8000_C040, 1, 2); // every other bit
        (block.Subclass, block.Interrupts, block.VectorOffset, block.HasSummary, block.SummaryOffset).ShouldBe((0, 0, 0, false, 0));

        FunctionInformation.For(2, 0x123, 0x1000, 0x15, 0x2000, 0x2A).ShouldBe(new FunctionInformation(0x2123_15AA, 0x1000, 0x2000));
    }

    [Theory]
    [InlineData(0, 0, 0u, 0u)]
    [InlineData(0, 0, 7u, 7u)]
    [InlineData(0x108, 0, 7u, (0x108u * 8) + 7)] // the vector begins at any doubleword
    [InlineData(0x108, 0x15, 7u, (0x108u * 8) + 0x15 + 7)] // and at any bit of it
    public void A_message_is_a_bit_of_the_vector_that_is_registered_for_who_writes_it(int offset, int bit, uint data, uint number)
    {
        Register("00:00.0", interrupts: 8, Vectors.Address + (ulong)offset, bit).ShouldBe(ModifyStatus.Done);
        unit.Receive(Sources.Id("00:00.0"), Address, data).Interrupt.ShouldBe(new HostInterrupt(0, number));
    }

    [Theory]
    [InlineData(8u)]
    [InlineData(0x800u)] // QEMU would take the lower eleven bits
    [InlineData(0x1_0000u)]
    [InlineData(uint.MaxValue)]
    public void Data_from_the_number_of_interrupts_on_is_blocked(uint data)
    {
        Register("00:00.0", interrupts: 8, Vectors.Address).ShouldBe(ModifyStatus.Done);
        unit.Receive(Sources.Id("00:00.0"), Address, data).Fault!.Code.ShouldBe(0x11);
    }

    [Fact]
    public void A_function_that_is_not_registered_is_blocked()
    {
        unit.Receive(Sources.Id("00:00.0"), Address, 0).Fault!.Code.ShouldBe(0x10);
        Register("00:00.0", interrupts: 8, Vectors.Address).ShouldBe(ModifyStatus.Done);
        unit.Receive(Sources.Id("00:00.0"), Address, 0).IsDelivered.ShouldBeTrue();
        unit.Receive(Sources.Id("00:00.1"), Address, 0).Fault!.Code.ShouldBe(0x10);

        unit.Deregister(Sources.Id("00:00.0")).ShouldBe(ModifyStatus.Done);
        unit.Receive(Sources.Id("00:00.0"), Address, 0).Fault!.Code.ShouldBe(0x10);
    }

    [Fact]
    public void What_is_registered_is_not_registered_again_and_what_is_not_cannot_be_taken_back()
    {
        ((int)unit.Deregister(Sources.Id("00:00.0"))).ShouldBe(24);
        ((int)Register("00:00.0", interrupts: 8, Vectors.Address)).ShouldBe(0);
        ((int)Register("00:00.0", interrupts: 16, Vectors.Address)).ShouldBe(24);
        unit.Receive(Sources.Id("00:00.0"), Address, 8).IsDelivered.ShouldBeFalse("the first holds");
    }

    [Fact]
    public void Bits_that_are_not_in_the_host_s_memory_for_them_are_not_registered()
    {
        ulong end = Vectors.Address + (ulong)Vectors.Length;
        Register("00:00.0", interrupts: 8, Vectors.Address - 8).ShouldBe(ModifyStatus.ResourceNotAvailable);
        Register("00:00.0", interrupts: 8, end).ShouldBe(ModifyStatus.ResourceNotAvailable);
        Register("00:00.0", interrupts: 65, end - 8).ShouldBe(ModifyStatus.ResourceNotAvailable);
        Register("00:00.0", interrupts: 64, end - 8, bit: 1).ShouldBe(ModifyStatus.ResourceNotAvailable);
        Register("00:00.0", interrupts: 0, Vectors.Address).ShouldBe(ModifyStatus.ResourceNotAvailable);
        unit.Register(Sources.Id("00:00.0"), FunctionInformation.For(2, 8, Vectors.Address, 0, Summary.Address + 8, 0)).ShouldBe(ModifyStatus.ResourceNotAvailable);
        unit.Register(Sources.Id("00:00.0"), new FunctionInformation(0x2008_0000, Vectors.Address, 0)).ShouldBe(ModifyStatus.Done, "without a summary its address says nothing");
        Register("00:01.0", interrupts: 64, end - 8).ShouldBe(ModifyStatus.Done);
    }

    [Fact]
    public void Vectors_that_share_bits_do_not_isolate()
    {
        Register("00:01.0", interrupts: 64, Vectors.Address + 8).ShouldBe(ModifyStatus.Done);
        Register("00:00.0", interrupts: 64, Vectors.Address).ShouldBe(ModifyStatus.Done);
        unit.Examine().IsIsolating.ShouldBeTrue();
        unit.Examine().Reason.ShouldContain("FIB.NOI");

        unit.Deregister(Sources.Id("00:00.0"));
        Register("00:00.0", interrupts: 65, Vectors.Address).ShouldBe(ModifyStatus.Done);
        unit.Examine().ShouldBe(new UnitCondition(false, "the vectors registered for 00:00.0 and 00:01.0 share bits (FIB.AIBV, FIB.NOI)"));
        unit.Receive(Sources.Id("00:00.0"), Address, 64).Interrupt.ShouldBe(unit.Receive(Sources.Id("00:01.0"), Address, 0).Interrupt);
    }

    [Fact]
    public void Linux_gives_each_function_a_vector_of_its_own()
    {
        var domain = new S390Domain(unit, vectors);
        MessageBlock one = domain.Allocate(Sources.Plain("0001:00:00.0", 0), 1)!;
        MessageBlock two = domain.Allocate(Sources.Plain("0001:00:01.0", 1), 2)!;
        (one.Address, one.Data).ShouldBe((Address, 0u));
        (two.Address, two.Data).ShouldBe((Address, 0u), "the same message: who writes it decides");
        Deliver("00:00.0", one).ShouldBe([new HostInterrupt(0, 0)]);
        Deliver("00:01.0", two).ShouldBe([new HostInterrupt(0, 2048), new HostInterrupt(0, 2049)]);
        one.Interrupts.ShouldBe([new HostInterrupt(0, 0)]);
        two.Interrupts.ShouldBe([new HostInterrupt(0, 2048), new HostInterrupt(0, 2049)]);
        domain.RootBusFlags.ShouldBe(PciBusFlags.MsiIsolated);
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void The_messages_of_a_function_are_bits_in_a_row_up_to_the_last_that_MSI_X_can_have()
    {
        var domain = new S390Domain(unit, vectors);
        MessageSource source = Sources.Plain("0001:00:00.0");
        MessageBlock[] blocks = [.. Enumerable.Range(0, 2048).Select(_ => domain.Allocate(source, 1)!)];
        blocks.Select(block => block.Data).ShouldBe(Enumerable.Range(0, 2048).Select(number => (uint)number));
        blocks.ShouldAllBe(block => Deliver("00:00.0", block).SequenceEqual(block.Interrupts));
        domain.Allocate(source, 1).ShouldBeNull();
        domain.Allocate(Sources.Plain("0001:00:01.0", 1), 1).ShouldNotBeNull().Interrupts[0].Vector.ShouldBe(2048u);
    }

    [Fact]
    public void What_was_freed_is_nobody_else_s_until_the_function_has_nothing_left()
    {
        var domain = new S390Domain(unit, vectors);
        List<MessageBlock> blocks = [];
        for (int device = 0; domain.Allocate(Sources.Plain($"0001:00:{device:x2}.0", device), 4) is { } block; device++)
        {
            blocks.Add(block);
        }

        blocks.Count.ShouldBe(16);
        MessageBlock second = domain.Allocate(blocks[5].Source, 1)!;
        domain.Free(blocks[5]);
        domain.Allocate(Sources.Plain("0001:01:00.0", 99), 1).ShouldBeNull();
        Deliver("00:05.0", second).ShouldBe(second.Interrupts);
        Deliver("00:05.0", blocks[5]).ShouldAllBe(interrupt => interrupt.Vector / 2048 == 5);

        domain.Free(second);
        Deliver("00:05.0", blocks[5]).ShouldBeEmpty();
        MessageBlock other = domain.Allocate(Sources.Plain("0001:01:00.0", 99), 4).ShouldNotBeNull();
        other.Interrupts.ShouldBe(blocks[5].Interrupts);
        Deliver("00:05.0", other).ShouldBeEmpty();
    }

    [Fact]
    public void What_does_not_fit_leaves_nothing_behind()
    {
        var domain = new S390Domain(unit, vectors);
        domain.Allocate(Sources.Plain("0001:00:00.0"), 4096).ShouldBeNull();
        unit.Receive(Sources.Id("00:00.0"), Address, 0).Fault!.Code.ShouldBe(0x10);
        domain.Allocate(Sources.Plain("0001:00:01.0", 1), 1).ShouldNotBeNull().Interrupts[0].Vector.ShouldBe(0u);
    }

    [Fact]
    public void Bridges_of_one_machine_share_the_vectors()
    {
        MessageBlock here = new S390Domain(unit, vectors).Allocate(Sources.Plain("0001:00:00.0"), 1)!;
        MessageBlock there = new S390Domain(new S390Unit(vectors), vectors).Allocate(Sources.Plain("0002:00:00.0", 1), 1)!;
        there.Interrupts.ShouldNotBe(here.Interrupts);
    }

    [Fact]
    public void Every_forged_form_of_a_message_is_blocked_or_the_writer_s_own()
    {
        var domain = new S390Domain(unit, vectors);
        MessageBlock victim = domain.Allocate(Sources.Plain("0001:00:00.0"), 4)!;
        MessageBlock attacker = domain.Allocate(Sources.Plain("0001:00:01.0", 1), 4)!;
        foreach ((MessageBlock block, string other, uint vector) in new[] { (victim, "00:01.0", 1u), (attacker, "00:00.0", 0u) })
        {
            InterruptMessage[] forged = [.. domain.Forge(block)];
            forged.ShouldAllBe(message => unit.IsMessage(message.Address));
            forged.Take(3).Select(message => message.Data).ShouldBe([0u, block.Interrupts[0].Vector, 0x800u]);
            HostInterrupt[] raised =
                [.. forged.Select(message => unit.Receive(Sources.Id(other), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];
            raised.ShouldNotBeEmpty();
            raised.ShouldAllBe(interrupt => interrupt.Vector / 2048 == vector);
            forged.ShouldAllBe(message => !unit.Receive(Sources.Id("00:02.0"), message.Address, message.Data).IsDelivered);
        }
    }

    [Fact]
    public void There_is_no_table_to_corrupt()
    {
        var domain = new S390Domain(unit, vectors);
        MessageBlock victim = domain.Allocate(Sources.Plain("0001:00:00.0"), 1)!;
        MessageBlock own = domain.Allocate(Sources.Plain("0001:00:01.0", 1), 1)!;
        domain.Corrupt(own, victim).ShouldBeEmpty();

        // What is in memory are the bits, and none of them decides anything.
        memory.Tables.ToList().ForEach(table => table.Bytes.Fill(0xFF));
        Deliver("00:01.0", own).ShouldBe(own.Interrupts);
        unit.Examine().IsIsolating.ShouldBeTrue();
    }

    [Fact]
    public void A_message_is_judged_without_allocating()
    {
        Register("00:00.0", interrupts: 8, Vectors.Address).ShouldBe(ModifyStatus.Done);
        Allocations.Of(() => unit.Receive(new RequesterId(0), Address, 7)).ShouldBe(0);
        Allocations.Of(() => unit.Receive(new RequesterId(8), Address, 7)).ShouldBe(0);
        (unit.Delivered, unit.Blocked).ShouldBe((1000, 1000));
    }

    private ModifyStatus Register(string function, int interrupts, ulong vectorAddress, int bit = 0) =>
        unit.Register(Sources.Id(function), FunctionInformation.For(2, interrupts, vectorAddress, bit, Summary.Address, 0));

    private HostInterrupt[] Deliver(string requester, MessageBlock block) =>
        [.. block.Messages.Select(message => unit.Receive(Sources.Id(requester), message.Address, message.Data)).Where(outcome => outcome.IsDelivered).Select(outcome => outcome.Interrupt)];
}
