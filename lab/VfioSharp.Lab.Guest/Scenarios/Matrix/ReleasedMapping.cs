using System.Globalization;
using System.IO.MemoryMappedFiles;
using EduDriver;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>Memory that was taken away from the function: a write to its old address changes nothing, and the IOMMU says so.</summary>
internal static class ReleasedMapping
{
    private const ulong DmaSource = 0x80;
    private const ulong DmaDestination = 0x88;
    private const ulong DmaCount = 0x90;
    private const ulong DmaCommand = 0x98;
    private const ulong DeviceBuffer = 0x40000;
    private const uint StartToMemory = 0x01 | 0x02;
    private const uint Running = 0x01;
    private const int Length = 64;
    private const byte Untouched = 0x5A;

    // What the drivers of VT-d, AMD-Vi and SMMUv3 write of a fault; each names the address too.
    private static readonly string[] FaultWords = ["[DMA Write", "IO_PAGE_FAULT", "F_TRANSLATION", "event 0x10", "event: 0x10"];

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
            await WriteMemoryAsync(bar.Registers, address, stop);
            Expect.Same(memory.Span[..Length], sent, "while mapped, the device's write");
            memory.Span.Fill(Untouched);
        }

        int faults = Faults(address).Count;
        await WriteMemoryAsync(bar.Registers, address, stop);
        byte[] seen = new byte[page];
        view.ReadArray(0, seen, 0, page);
        Expect.That(!seen.AsSpan().ContainsAnyExcept(Untouched), "memory changed after it had been taken away from the device");

        List<string> recorded;
        while ((recorded = Faults(address)).Count <= faults)
        {
            cell.Reached($"the memory is untouched; no fault at {address} in the kernel's log");
            await Task.Delay(50, stop);
        }

        cell.Observe("released-fault", ("line", recorded[^1]));
    }

    private static async Task WriteMemoryAsync(Registers registers, Iova address, CancellationToken stop)
    {
        registers.Write64(DmaSource, DeviceBuffer);
        registers.Write64(DmaDestination, address.Value);
        registers.Write64(DmaCount, Length);
        registers.Write64(DmaCommand, StartToMemory);
        while ((registers.Read64(DmaCommand) & Running) != 0)
        {
            await Task.Delay(5, stop);
        }
    }

    private static List<string> Faults(Iova address) =>
    [
        .. Cell.ReadKernelLog().Where(line =>
            FaultWords.Any(word => line.Contains(word, StringComparison.Ordinal))
            && line.Contains(address.Value.ToString("x", CultureInfo.InvariantCulture), StringComparison.OrdinalIgnoreCase)),
    ];
}
