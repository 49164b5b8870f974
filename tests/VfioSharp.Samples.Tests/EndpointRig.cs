using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Tests.Interrupts;
using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

/// <summary>The function joined to a driver in this process, and its registers.</summary>
internal sealed class EndpointRig : IAsyncDisposable
{
    private const int InterruptStatus = 1 << 3; // of the Status register of configuration space (PCIe 6.0, 7.5.1.1.4)

    public EndpointRig(int msixVectors = 32, LoopbackOptions? options = null)
    {
        Model = new EndpointTest(msixVectors);
        Function = Loopback.Attach(Model, options);
        Bar = Function.MapBar(0);
        PendingBits = 0x80 + (16 * (ulong)msixVectors);
    }

    public EndpointTest Model { get; }

    public PciFunction Function { get; }

    public Bar Bar { get; }

    public Registers Registers => Bar.Registers;

    /// <summary>Where the pending bits lie in BAR 0.</summary>
    public ulong PendingBits { get; }

    /// <summary>Whether the function has a reason to interrupt by its line.</summary>
    public bool IsLineUp => (Function.Configuration.Read16(6) & InterruptStatus) != 0;

    /// <summary>While nobody has enabled MSI-X, what the function raised stays pending, and cannot be missed.</summary>
    public ulong Pending(int word = 0) => Registers.Read64(PendingBits + (8 * (ulong)word));

    /// <summary>Asks for an interrupt when a command is done.</summary>
    public void TellBy(uint type, uint number)
    {
        Registers.Write32(IrqType, type);
        Registers.Write32(IrqNumber, number);
    }

    /// <summary>Says what a transfer is to move.</summary>
    public void Move(Iova source, Iova destination, uint size)
    {
        Registers.Write32(LowerSource, source.Low);
        Registers.Write32(UpperSource, source.High);
        Registers.Write32(LowerDestination, destination.Low);
        Registers.Write32(UpperDestination, destination.High);
        Registers.Write32(Size, size);
        DmaBarrier.BeforeDoorbell();
    }

    /// <summary>Awaits the end of the command and gives its status.</summary>
    public uint StatusAtEnd()
    {
        Patience.Until(() => Registers.Read32(Status) != 0);
        return Registers.Read32(Status);
    }

    /// <summary>Gives a command and awaits its end.</summary>
    public uint Carry(uint command)
    {
        Registers.Write32(Command, command);
        return StatusAtEnd();
    }

    public ValueTask DisposeAsync() => Function.DisposeAsync();
}
