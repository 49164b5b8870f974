using System.Globalization;
using System.IO.MemoryMappedFiles;
using EduDriver;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>Memory that was taken away from the function: a write to its old address changes nothing, and the IOMMU says so.</summary>
internal static class ReleasedMapping
{
    private const int Length = 64;
    private const byte Untouched = 0x5A;

    private const string IntelFault = "[DMA Write";
    private const string AmdFault = "IO_PAGE_FAULT";

    public static async Task TryAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        int page = Environment.SystemPageSize;
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(null, page);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor(0, page);
        await using Edu edu = await Edu.StartAsync(function, stop);
        using Bar bar = function.MapBar(0);

        byte[] sent = [.. Enumerable.Range(1, Length).Select(value => (byte)value)];
        Iova address;
        using (DmaBuffer memory = function.Dma.Map(view.SafeMemoryMappedViewHandle))
        {
            address = memory.Iova;
            sent.CopyTo(memory.Span);
            await edu.WriteAsync(memory, Length, stop);
            memory.Span.Clear();
            await EduRegisters.StoreAsync(bar.Registers, address, Length, stop);
            Expect.Same(memory.Span[..Length], sent, "while mapped, the device's write");
            memory.Span.Fill(Untouched);
        }

        int faults = Faults(cell, address).Count;
        await EduRegisters.StoreAsync(bar.Registers, address, Length, stop);
        byte[] seen = new byte[page];
        view.ReadArray(0, seen, 0, page);
        Expect.That(!seen.AsSpan().ContainsAnyExcept(Untouched), "memory changed after it had been taken away from the device");

        List<string> recorded;
        while ((recorded = Faults(cell, address)).Count <= faults)
        {
            // The kernel tells only some of many faults: those that are told of are few in any five seconds.
            cell.Reached($"the memory is untouched; no fault at {address} in the kernel's log");
            await EduRegisters.StoreAsync(bar.Registers, address, Length, stop);
        }

        cell.Observe("released-fault", ("line", recorded[^1]));
    }

    // What the drivers of VT-d and AMD-Vi write of a fault. QEMU's AMD-Vi leaves the address out of its event (all zeros), so the function must do there.
    private static List<string> Faults(Cell cell, Iova address)
    {
        string function = cell.Address.ToString()[5..];
        string at = string.Create(CultureInfo.InvariantCulture, $"fault addr 0x{address.Value:x} ");
        return
        [
            .. Cell.ReadKernelLog().Where(line => line.Contains(function, StringComparison.Ordinal)
                && (line.Contains(AmdFault, StringComparison.Ordinal)
                    || (line.Contains(IntelFault, StringComparison.Ordinal) && line.Contains(at, StringComparison.Ordinal)))),
        ];
    }
}
