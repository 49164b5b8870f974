using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// The PE state table (PEST) of an IODA bridge: which PEs are frozen, and since what fault. Two words a PE, on the chip, where no DMA reaches them
/// (IODA2_PEST0 and 1 in QEMU's pnv_phb3_regs.h, IODA3_PEST0 and 1 in pnv_phb4_regs.h). Bit 0 is the most significant.
/// </summary>
/// <param name="pes">How many PEs there are.</param>
internal sealed class PeStateTable(int pes)
{
    private const int Bit0 = 63;
    private const int TransactionType = Bit0 - 7; // bits 5:7
    private const int IodaError = Bit0 - 16;
    private const int Requester = Bit0 - 47; // bits 32:47; the message's data follows
    private const ulong Message = 1;
    private const ulong FailAddress = ~0UL >> 3; // bits 3:63 of the second word

    private readonly ulong[] first = new ulong[pes];
    private readonly ulong[] second = new ulong[pes];

    /// <summary>Whether a PE's DMA is stopped, and its messages with it.</summary>
    public bool IsStopped(int pe) => (Volatile.Read(ref second[pe]) >> Bit0) != 0;

    /// <summary>The words as the host reads them: PESTA, which stops what processors send to a PE, and PESTB, which stops what the PE sends.</summary>
    public (ulong A, ulong B) Read(int pe) => (Volatile.Read(ref first[pe]), Volatile.Read(ref second[pe]));

    /// <summary>Freezes a PE for a message that it should not have sent, and keeps the message.</summary>
    public void Freeze(int pe, in BlockedMessage message)
    {
        Volatile.Write(
            ref first[pe],
            (1UL << Bit0) | (Message << TransactionType) | (1UL << IodaError) | ((ulong)message.Requester.Value << Requester) | (message.Data & 0xFFFF));
        Volatile.Write(ref second[pe], (1UL << Bit0) | (message.Address & FailAddress));
    }

    /// <summary>Lets a PE go on (OPAL_PCI_EEH_FREEZE_CLEAR, both parts).</summary>
    public void Clear(int pe)
    {
        Volatile.Write(ref first[pe], 0);
        Volatile.Write(ref second[pe], 0);
    }
}
