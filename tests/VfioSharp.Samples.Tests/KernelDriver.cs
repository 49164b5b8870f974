using System.Threading.Channels;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Tests.Interrupts;
using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

/// <summary>
/// What Linux's driver does with the registers for each of its ioctls, in its order (drivers/misc/pci_endpoint_test.c). Each tells whether the driver
/// would be content.
/// </summary>
/// <param name="rig">The function.</param>
/// <param name="asks">Whether it reads CAPS, as 7.3 does. 6.12 does not, and aligns its memory to 4 KiB for this function.</param>
internal sealed class KernelDriver(EndpointRig rig, bool asks) : IAsyncDisposable
{
    private const int Unaligned = 24; // where memory from kzalloc() may start in its page

    private readonly Channel<int> raised = Channel.CreateUnbounded<int>();
    private InterruptSet? interrupts;
    private Task handlers = Task.CompletedTask;
    private uint type;

    private PciFunction Function => rig.Function;

    private Registers Registers => rig.Registers;

    private uint Alignment => asks && (Registers.Read32(Caps) & CapUnalignedAccess) != 0 ? 1u : 4096;

    /// <summary>PCITEST_SET_IRQTYPE.</summary>
    public async Task SetIrqTypeAsync(uint wanted)
    {
        await ClearIrqAsync();
        CancellationToken stop = TestContext.Current.CancellationToken;
        interrupts = wanted switch
        {
            Intx => await Function.EnableIntxAsync(stop),
            Msi => await Function.EnableMsiAsync(Math.Min(32, Function.MsiVectorCount), stop),
            _ => await Function.EnableMsixAsync(Function.MsixVectorCount, stop),
        };
        handlers = Task.WhenAll(interrupts.Select(HandleAsync).ToArray());
        type = wanted;
    }

    /// <summary>PCITEST_CLEAR_IRQ.</summary>
    public async Task ClearIrqAsync()
    {
        interrupts?.Dispose();
        await handlers;
        interrupts = null;
    }

    /// <summary>PCITEST_BAR: all of a BAR, or of this one the first register, is written and read back.</summary>
    public bool TestBar(int index)
    {
        byte pattern = (byte)(0xA0 + index);
        using Bar bar = Function.MapBar(index);
        byte[] written = new byte[index == 0 ? 4 : bar.Registers.Length];
        written.AsSpan().Fill(pattern);
        for (int i = 0; i < written.Length; i += 4)
        {
            bar.Registers.Write32((ulong)i, pattern * 0x0101_0101u);
        }

        byte[] read = new byte[written.Length];
        for (int i = 0; i < read.Length; i += 4)
        {
            BitConverter.TryWriteBytes(read.AsSpan(i), bar.Registers.Read32((ulong)i));
        }

        return read.AsSpan().SequenceEqual(written);
    }

    /// <summary>PCITEST_BARS, of 7.3: all BARs are written before the first is read.</summary>
    public bool TestBars()
    {
        Bar[] bars = [.. Enumerable.Range(0, 6).Select(Function.MapBar)];
        uint Expected(int index, ulong offset) => (0xA0u + (uint)index) << 24 | (uint)offset;
        ulong LengthOf(int index) => index == 0 ? 4 : bars[index].Registers.Length;
        for (int index = 0; index < bars.Length; index++)
        {
            for (ulong offset = 0; offset < LengthOf(index); offset += 4)
            {
                bars[index].Registers.Write32(offset, Expected(index, offset));
            }
        }

        bool same = true;
        for (int index = 0; index < bars.Length; index++)
        {
            for (ulong offset = 0; offset < LengthOf(index); offset += 4)
            {
                same &= bars[index].Registers.Read32(offset) == Expected(index, offset);
            }

            bars[index].Dispose();
        }

        return same;
    }

    /// <summary>PCITEST_INTX_IRQ.</summary>
    public async Task<bool> TestIntxAsync()
    {
        Begin();
        rig.TellBy(Intx, 0);
        Registers.Write32(Command, RaiseIntx);
        return await IrqAsync() == 0;
    }

    /// <summary>PCITEST_MSI and PCITEST_MSIX.</summary>
    public async Task<bool> TestMessageAsync(uint number, bool msix)
    {
        Begin();
        rig.TellBy(msix ? Msix : Msi, number);
        Registers.Write32(Command, msix ? RaiseMsix : RaiseMsi);
        return await IrqAsync() == number - 1;
    }

    /// <summary>PCITEST_WRITE: the function reads, and compares the checksum.</summary>
    public async Task<bool> TestWriteAsync(int size, bool useDma)
    {
        Begin();
        using DmaBuffer buffer = Allocate(size, out Iova address, out int offset);
        Span<byte> data = buffer.Slice(offset, size);
        new Random(size).NextBytes(data);
        Registers.Write32(Checksum, KernelCrc.Of(data));
        Registers.Write32(LowerSource, address.Low);
        Registers.Write32(UpperSource, address.High);
        await TransferAsync(Read, size, useDma);
        return (Registers.Read32(Status) & ReadSuccess) != 0;
    }

    /// <summary>PCITEST_READ: the function writes, and tells the checksum.</summary>
    public async Task<bool> TestReadAsync(int size, bool useDma)
    {
        Begin();
        using DmaBuffer buffer = Allocate(size, out Iova address, out int offset);
        new Random(size).NextBytes(buffer.Slice(offset, size));
        Registers.Write32(LowerDestination, address.Low);
        Registers.Write32(UpperDestination, address.High);
        await TransferAsync(Write, size, useDma);
        return KernelCrc.Of(buffer.Slice(offset, size)) == Registers.Read32(Checksum);
    }

    /// <summary>PCITEST_COPY.</summary>
    public async Task<bool> TestCopyAsync(int size, bool useDma)
    {
        Begin();
        using DmaBuffer from = Allocate(size, out Iova source, out int sourceOffset);
        new Random(size).NextBytes(from.Span);
        Registers.Write32(LowerSource, source.Low);
        Registers.Write32(UpperSource, source.High);
        using DmaBuffer to = Allocate(size, out Iova destination, out int destinationOffset);
        Registers.Write32(LowerDestination, destination.Low);
        Registers.Write32(UpperDestination, destination.High);
        await TransferAsync(Copy, size, useDma);
        return to.Slice(destinationOffset, size).SequenceEqual(from.Slice(sourceOffset, size));
    }

    public async ValueTask DisposeAsync()
    {
        await ClearIrqAsync();
        await rig.DisposeAsync();
    }

    private void Begin()
    {
        while (raised.Reader.TryRead(out _))
        {
        }
    }

    private async Task TransferAsync(uint command, int size, bool useDma)
    {
        Registers.Write32(Size, (uint)size);
        Registers.Write32(Flags, useDma ? UseDma : 0);
        rig.TellBy(type, 1);
        DmaBarrier.BeforeDoorbell();
        Registers.Write32(Command, command);
        (await IrqAsync()).ShouldBe(0);
        DmaBarrier.AfterCompletion();
    }

    private DmaBuffer Allocate(int size, out Iova address, out int offset)
    {
        uint alignment = Alignment;
        DmaBuffer buffer = Function.Dma.Allocate(Unaligned + size + alignment);
        offset = (int)((Unaligned + alignment - 1) & ~(alignment - 1));
        address = buffer.Iova + (ulong)offset;
        return buffer;
    }

    private async Task<int> IrqAsync()
    {
        ValueTask<int> wait = raised.Reader.ReadAsync(TestContext.Current.CancellationToken);
        Task<int> task = wait.AsTask();
        await task.Soon();
        return await task;
    }

    // The driver's interrupt handler.
    private async Task HandleAsync(InterruptVector vector)
    {
        try
        {
            while (true)
            {
                await vector.WaitAsync();
                if ((Registers.Read32(Status) & IrqRaised) != 0)
                {
                    raised.Writer.TryWrite(vector.Index);
                }

                (interrupts as IntxLine)?.Unmask();
            }
        }
        catch (ObjectDisposedException)
        {
            // free_irq()
        }
    }
}
