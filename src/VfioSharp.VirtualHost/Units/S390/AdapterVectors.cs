using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.S390;

/// <summary>
/// The memory that a host sets aside for adapter interruptions: a bit vector for each function and a summary with a bit for each, as <c>zpci_ibv</c>
/// and <c>zpci_sbv</c> of Linux (arch/s390/pci/pci_irq.c). One a machine, so that a bit's place is the interrupt's number.
/// </summary>
/// <remarks>The bits themselves are not kept: the host is taken to see and clear each at once.</remarks>
internal sealed class AdapterVectors
{
    /// <summary>How many bits a vector has: as many as a function can have MSI-X vectors.</summary>
    public const int BitsOfVector = 2048;

    private const int BitsOfWord = 64;

    private readonly HostTable vectors;
    private readonly HostTable summary;
    private readonly NumberSpace slots;

    /// <summary>Sets the memory aside.</summary>
    /// <param name="memory">Where.</param>
    /// <param name="functions">For how many functions.</param>
    public AdapterVectors(HostMemory memory, int functions)
    {
        vectors = memory.Allocate("adapter interrupt bit vectors", functions * (BitsOfVector / 8));
        summary = memory.Allocate("adapter interrupt summary", (functions + BitsOfWord - 1) / BitsOfWord * sizeof(ulong));
        slots = new NumberSpace(0, functions);
    }

    /// <summary>Takes a vector; -1 where there is none.</summary>
    public int Take() => slots.Take(1);

    /// <summary>Gives a vector back.</summary>
    public void Return(int slot) => slots.Return(slot, 1);

    /// <summary>The block that makes the first bits of a vector a function's.</summary>
    /// <param name="slot">The vector.</param>
    /// <param name="subclass">The host's interruption subclass for PCI.</param>
    /// <param name="interrupts">How many bits.</param>
    public FunctionInformation Describe(int slot, int subclass, int interrupts) => FunctionInformation.For(
        subclass, interrupts, vectors.Address + (ulong)(slot * (BitsOfVector / 8)), vectorOffset: 0,
        summary.Address + (ulong)(slot / BitsOfWord * sizeof(ulong)), slot % BitsOfWord);

    /// <summary>The number of the first bit that a block names; -1 where not all that it names lies in this memory.</summary>
    public int FirstBit(in FunctionInformation block)
    {
        ulong offset = block.VectorAddress - vectors.Address;
        bool isSummaryElsewhere = block.HasSummary && block.SummaryAddress - summary.Address >= (ulong)summary.Length;
        if (isSummaryElsewhere || offset >= (ulong)vectors.Length)
        {
            return -1;
        }

        int first = ((int)offset * 8) + block.VectorOffset;
        return first + block.Interrupts <= vectors.Length * 8 ? first : -1;
    }
}
