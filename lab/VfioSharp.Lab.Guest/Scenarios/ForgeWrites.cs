using System.Buffers.Binary;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>Makes an edu write four bytes wherever it is told to (docs/specs/edu in QEMU's sources), without asking whether that is memory.</summary>
internal sealed class ForgeWrites : IDisposable
{
    private const ulong Source = 0x80;
    private const ulong Destination = 0x88;
    private const ulong Count = 0x90;
    private const ulong Command = 0x98;
    private const ulong DeviceBuffer = 0x40000;
    private const ulong Start = 0x01;
    private const ulong ToMemory = 0x02;
    private const ulong AddressMask = uint.MaxValue; // as the machine widens its 28 bits

    private readonly Registers registers;
    private readonly DmaBuffer memory;

    public ForgeWrites(PciFunction function, Registers registers)
    {
        this.registers = registers;
        memory = function.Dma.Allocate(sizeof(uint), new DmaOptions { AddressMask = AddressMask });
    }

    /// <summary>Gives the device what it will write.</summary>
    public async Task LoadAsync(uint value, CancellationToken stop)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(memory.Span, value);
        DmaBarrier.BeforeDoorbell();
        Copy(memory.Iova.Value, DeviceBuffer, Start);
        while ((registers.Read64(Command) & Start) != 0)
        {
            await Task.Delay(1, stop);
        }
    }

    /// <summary>Lets the device write it to an address; returns at once.</summary>
    public void Write(ulong address) => Copy(DeviceBuffer, address, Start | ToMemory);

    public void Dispose() => memory.Dispose();

    private void Copy(ulong source, ulong destination, ulong command)
    {
        registers.Write64(Source, source);
        registers.Write64(Destination, destination);
        registers.Write64(Count, sizeof(uint));
        registers.Write64(Command, command);
    }
}
