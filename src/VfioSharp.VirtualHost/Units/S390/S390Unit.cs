using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.S390;

/// <summary>
/// Adapter interruptions of s390x: firmware knows which function sent a message, and turns it into a bit of the vector that the host registered for
/// that function. All functions write to one address; the data is the number of the bit, and who writes decides whose.
/// </summary>
/// <remarks>
/// <para>
/// Sources: arch/s390/pci/pci_irq.c and pci_clp.c of Linux; <c>s390_msi_ctrl_write</c> in QEMU's hw/s390x/s390-pci-bus.c, where each function has an
/// address space of its own with the window in it. The number of interrupts bounds the data here as the architecture has it; QEMU takes the data's
/// lower eleven bits.
/// </para>
/// <para>
/// Modelled: floating interruptions. Not modelled: those directed to processors, the error state that a bad message puts a function into, several
/// function groups with different addresses.
/// </para>
/// </remarks>
public sealed class S390Unit : IsolationUnit
{
    private const ulong WindowLength = 0x1000;
    private const int InterruptsShift = 32;

    // Codes of error events (ERR_EVENT_* in QEMU's s390-pci-bus.h).
    private static readonly MessageFault NotRegistered = new("the function has no adapter interruptions registered", 0x10);
    private static readonly MessageFault BeyondVector = new("the data is no number of a bit of the function's vector", 0x11);

    private readonly AdapterVectors vectors;

    // What firmware keeps of each function: how many bits it has, and above which one. Zero: not registered.
    private readonly ulong[] functions = new ulong[ushort.MaxValue + 1];

    /// <summary>Makes the firmware of a machine with no function registered.</summary>
    /// <param name="vectors">The host's memory for the bits.</param>
    internal S390Unit(AdapterVectors vectors) => this.vectors = vectors;

    /// <inheritdoc/>
    public override string Name => "s390x adapter interruptions";

    /// <summary>Where functions write messages to: MSIA, which CLP QUERY PCI FUNCTION GROUP tells. The whole page is taken for it.</summary>
    public ulong MessageAddress { get; internal set; } = 0xFE00_0000_0000_0000;

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => address - MessageAddress < WindowLength;

    /// <inheritdoc/>
    public override UnitCondition Examine()
    {
        (uint First, RequesterId Function)[] byBit =
            [.. Enumerable.Range(0, functions.Length).Where(id => functions[id] != 0).Select(id => ((uint)functions[id], new RequesterId((ushort)id)))];
        Array.Sort(byBit, (a, b) => a.First.CompareTo(b.First));
        for (int i = 1; i < byBit.Length; i++)
        {
            (uint first, RequesterId below) = byBit[i - 1];
            if (byBit[i].First < first + BitsOf(functions[below.Value]))
            {
                return new(false, $"the vectors registered for {below} and {byBit[i].Function} share bits (FIB.AIBV, FIB.NOI)");
            }
        }

        return new(true, "firmware finds the vector by the function that writes (FIB.AIBV), and takes no data from the number of its bits on (FIB.NOI)");
    }

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        ulong registered = Volatile.Read(ref functions[requester.Value]);
        return registered == 0 ? MessageOutcome.Blocked(NotRegistered)
            : data >= BitsOf(registered) ? MessageOutcome.Blocked(BeyondVector)
            : MessageOutcome.Delivered(new HostInterrupt(0, (uint)registered + data));
    }

    /// <summary>Registers a function's adapter interruptions (MODIFY PCI FUNCTION CONTROLS, operation 2).</summary>
    internal ModifyStatus Register(RequesterId function, in FunctionInformation block)
    {
        int first = vectors.FirstBit(block);
        if (first < 0 || block.Interrupts == 0)
        {
            return ModifyStatus.ResourceNotAvailable;
        }

        ulong registered = ((ulong)block.Interrupts << InterruptsShift) | (uint)first;
        return Interlocked.CompareExchange(ref functions[function.Value], registered, 0) == 0 ? ModifyStatus.Done : ModifyStatus.WrongSequence;
    }

    /// <summary>Takes that back (operation 3).</summary>
    internal ModifyStatus Deregister(RequesterId function) =>
        Interlocked.Exchange(ref functions[function.Value], 0) == 0 ? ModifyStatus.WrongSequence : ModifyStatus.Done;

    private static uint BitsOf(ulong registered) => (uint)(registered >> InterruptsShift);
}
