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

    // What firmware keeps of each function, by bus and by the rest of its ID: how many bits it has, and above which one. Zero: not registered. Most
    // host bridges have one function.
    private readonly ulong[]?[] buses = new ulong[byte.MaxValue + 1][];

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
        (uint First, uint End, RequesterId Function)[] byBit = [.. Enumerable.Range(0, ushort.MaxValue + 1)
            .Select(id => new RequesterId((ushort)id))
            .Where(id => RegisteredFor(id) != 0)
            .Select(id => ((uint)RegisteredFor(id), (uint)RegisteredFor(id) + BitsOf(RegisteredFor(id)), id))];
        Array.Sort(byBit, (a, b) => a.First.CompareTo(b.First));
        for (int i = 1; i < byBit.Length; i++)
        {
            if (byBit[i].First < byBit[i - 1].End)
            {
                return new(false, $"the vectors registered for {byBit[i - 1].Function} and {byBit[i].Function} share bits (FIB.AIBV, FIB.NOI)");
            }
        }

        return new(true, "firmware finds the vector by the function that writes (FIB.AIBV), and takes no data from the number of its bits on (FIB.NOI)");
    }

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        ulong registered = RegisteredFor(requester);
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
        ulong[] bus = buses[function.Bus] ?? new ulong[byte.MaxValue + 1];
        if (bus[(byte)function.Value] != 0)
        {
            return ModifyStatus.WrongSequence;
        }

        Volatile.Write(ref bus[(byte)function.Value], registered);
        Volatile.Write(ref buses[function.Bus], bus);
        return ModifyStatus.Done;
    }

    /// <summary>Takes that back (operation 3).</summary>
    internal ModifyStatus Deregister(RequesterId function)
    {
        if (RegisteredFor(function) == 0)
        {
            return ModifyStatus.WrongSequence;
        }

        Volatile.Write(ref buses[function.Bus]![(byte)function.Value], 0);
        return ModifyStatus.Done;
    }

    private static uint BitsOf(ulong registered) => (uint)(registered >> InterruptsShift);

    private ulong RegisteredFor(RequesterId function) =>
        Volatile.Read(ref buses[function.Bus]) is { } bus ? Volatile.Read(ref bus[(byte)function.Value]) : 0;
}
