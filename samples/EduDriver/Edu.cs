using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Configuration;

namespace EduDriver;

/// <summary>
/// A driver for QEMU's educational device (docs/specs/edu in QEMU's sources; <c>-device edu</c>), whole: registers, one interrupt, DMA.
/// </summary>
/// <remarks>
/// A driver's shape: it holds the function and what it derived from it, and gives all of it back. Nothing here depends on how the function is reached:
/// through VFIO, over a socket or in this process.
/// </remarks>
public sealed class Edu : IAsyncDisposable
{
    public const ushort VendorId = 0x1234;
    public const ushort DeviceId = 0x11E8;

    /// <summary>The device has a buffer of its own, which DMA copies from and to.</summary>
    public const int BufferLength = 4096;

    // The device drives 28 address lines unless told otherwise: memory for it must be seen below 256 MiB.
    private const ulong AddressMask = (1UL << 28) - 1;

    // Registers of BAR 0. Those below 0x80 take 32-bit accesses only.
    private const ulong Identification = 0x00;
    private const ulong Liveness = 0x04;
    private const ulong Factorial = 0x08;
    private const ulong Status = 0x20;
    private const ulong InterruptStatus = 0x24;
    private const ulong InterruptRaise = 0x60;
    private const ulong InterruptAcknowledge = 0x64;
    private const ulong DmaSource = 0x80;
    private const ulong DmaDestination = 0x88;
    private const ulong DmaCount = 0x90;
    private const ulong DmaCommand = 0x98;

    // Where the device's own buffer lies in its DMA address space. It is no part of the BAR.
    private const ulong DeviceBuffer = 0x40000;

    private const uint StatusBusy = 0x01;
    private const uint StatusInterruptWhenDone = 0x80;
    private const uint DmaStart = 0x01;
    private const uint DmaToMemory = 0x02;
    private const uint DmaInterruptWhenDone = 0x04;
    private const uint InterruptOfFactorial = 0x001;
    private const uint InterruptOfDma = 0x100;

    private readonly PciFunction function;
    private readonly Bar bar;
    private readonly MsiVectors vectors;

    private Edu(PciFunction function, Bar bar, MsiVectors vectors)
    {
        this.function = function;
        this.bar = bar;
        this.vectors = vectors;
    }

    /// <summary>The device's version: <c>1.0</c>.</summary>
    public Version Version
    {
        get
        {
            uint value = Registers.Read32(Identification);
            return new Version((int)(value >> 24), (int)(value >> 16) & 0xFF);
        }
    }

    private Registers Registers => bar.Registers;

    private InterruptVector Interrupt => vectors[0];

    /// <summary>Takes the function, whatever becomes of this call: it is disposed with the driver, or before an exception leaves.</summary>
    public static async Task<Edu> StartAsync(PciFunction function, CancellationToken stop = default)
    {
        Bar? bar = null;
        try
        {
            // 1. Is it what we drive? The identification tells the device from an absent one too, which reads as all ones.
            ConfigurationSpace configuration = function.Configuration.Read();
            if (configuration.VendorId != VendorId || configuration.DeviceId != DeviceId)
            {
                throw new ArgumentException($"{function.Name} is {configuration.VendorId:x4}:{configuration.DeviceId:x4}, not an edu device", nameof(function));
            }

            // 2. Its registers. The BAR is mapped: from here on a register access is a load or a store.
            bar = function.MapBar(0);
            uint identification = bar.Registers.Read32(Identification);
            if ((identification & 0xFFFF) != 0x00ED)
            {
                throw new InvalidDataException($"{function.Name} identifies itself as 0x{identification:x8}, expected 0x....00ed");
            }

            // 3. Its interrupt, before anything can raise it.
            MsiVectors vectors = await function.EnableMsiAsync(1, stop);
            return new Edu(function, bar, vectors);
        }
        catch
        {
            bar?.Dispose();
            await function.DisposeAsync();
            throw;
        }
    }

    /// <summary>The device answers with the complement of what is written: a register that shows whether it lives.</summary>
    public bool IsAlive(uint value)
    {
        Registers.Write32(Liveness, value);
        return Registers.Read32(Liveness) == ~value;
    }

    /// <summary>Lets the device compute a factorial, modulo 2³², and awaits its interrupt.</summary>
    public async Task<uint> FactorialAsync(uint value, CancellationToken stop = default)
    {
        Registers.Write32(Status, StatusInterruptWhenDone);
        Registers.Write32(Factorial, value);
        await InterruptAsync(InterruptOfFactorial, stop);

        // The interrupt says "look": the device's own registers say what is the case.
        uint status;
        while (((status = Registers.Read32(Status)) & StatusBusy) != 0)
        {
            // A function that is gone reads as all ones, which would look busy for ever.
            if (status == uint.MaxValue)
            {
                throw new DeviceLostException("compute", $"{function.Name} does not answer any more", function.Address);
            }

            await Task.Yield();
        }

        return Registers.Read32(Factorial);
    }

    /// <summary>Raises the device's interrupt by a register and awaits it.</summary>
    public async Task RaiseAsync(uint bits, CancellationToken stop = default)
    {
        Registers.Write32(InterruptRaise, bits);
        await InterruptAsync(bits, stop);
    }

    /// <summary>Memory that the device can reach.</summary>
    public DmaBuffer Allocate(int length) => function.Dma.Allocate(length, new DmaOptions { AddressMask = AddressMask });

    /// <summary>Copies from memory into the device's buffer.</summary>
    public Task WriteAsync(DmaBuffer memory, int length, CancellationToken stop = default)
    {
        Check(memory, length);

        // What we wrote to memory must be there before the device is told to read it.
        DmaBarrier.BeforeDoorbell();
        return CopyAsync(memory.Iova.Value, DeviceBuffer, length, DmaStart, stop);
    }

    /// <summary>Copies from the device's buffer into memory.</summary>
    public Task ReadAsync(DmaBuffer memory, int length, CancellationToken stop = default)
    {
        Check(memory, length);
        return CopyAsync(DeviceBuffer, memory.Iova.Value, length, DmaStart | DmaToMemory, stop);
    }

    /// <summary>Turns the interrupt off, unmaps the registers, gives the function back: the reverse of how it began.</summary>
    public async ValueTask DisposeAsync()
    {
        vectors.Dispose();
        bar.Dispose();
        await function.DisposeAsync();
    }

    private async Task CopyAsync(ulong source, ulong destination, int length, uint command, CancellationToken stop)
    {
        Registers.Write64(DmaSource, source);
        Registers.Write64(DmaDestination, destination);
        Registers.Write64(DmaCount, (ulong)length);
        Registers.Write64(DmaCommand, command | DmaInterruptWhenDone);
        await InterruptAsync(InterruptOfDma, stop);
        DmaBarrier.AfterCompletion();
    }

    private async Task InterruptAsync(uint bits, CancellationToken stop)
    {
        // A wait ends after at least one signal, which may have been an earlier one's: ask the device, and wait again if it was.
        do
        {
            await Interrupt.WaitAsync(stop);
        }
        while ((Registers.Read32(InterruptStatus) & bits) != bits);

        Registers.Write32(InterruptAcknowledge, bits);
    }

    private static void Check(DmaBuffer memory, int length)
    {
        ArgumentNullException.ThrowIfNull(memory);
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, BufferLength);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, memory.Length);
    }
}
