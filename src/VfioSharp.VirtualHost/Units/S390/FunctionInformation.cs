namespace VfioSharp.VirtualHost.Units.S390;

/// <summary>
/// What a function information block (FIB) of format 0 says of adapter interruptions: which bits of memory are a function's (<c>struct
/// zpci_fib_fmt0</c> in Linux's asm/pci_insn.h). The host hands it to firmware, which keeps it out of reach of any DMA.
/// </summary>
/// <param name="Control">The word that holds five fields.</param>
/// <param name="VectorAddress">AIBV: where the doubleword is that the function's bit vector begins in.</param>
/// <param name="SummaryAddress">AISB: where the doubleword is that holds the function's bit in the host's summary.</param>
internal readonly record struct FunctionInformation(uint Control, ulong VectorAddress, ulong SummaryAddress)
{
    /// <summary>The highest number of interrupts that the field can say.</summary>
    public const int MaxInterrupts = 0xFFF;

    private const uint SummaryEnabled = 1 << 7;

    /// <summary>The interruption subclass, by which the host finds its handler.</summary>
    public int Subclass => (int)(Control >> 28) & 7;

    /// <summary>NOI: how many interrupts the function has.</summary>
    public int Interrupts => (int)(Control >> 16) & MaxInterrupts;

    /// <summary>AIBVO: which bit of the doubleword is the vector's first, counted from the most significant.</summary>
    public int VectorOffset => (int)(Control >> 8) & 0x3F;

    /// <summary>Whether there is a summary bit.</summary>
    public bool HasSummary => (Control & SummaryEnabled) != 0;

    /// <summary>AISBO: which bit of its doubleword the summary bit is, counted likewise.</summary>
    public int SummaryOffset => (int)Control & 0x3F;

    /// <summary>Packs the fields.</summary>
    public static FunctionInformation For(
        int subclass, int interrupts, ulong vectorAddress, int vectorOffset, ulong summaryAddress, int summaryOffset) =>
        new(
            ((uint)subclass << 28) | ((uint)interrupts << 16) | ((uint)vectorOffset << 8) | SummaryEnabled | (uint)summaryOffset,
            vectorAddress, summaryAddress);
}
