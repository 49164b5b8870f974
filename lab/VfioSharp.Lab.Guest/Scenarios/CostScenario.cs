using System.Diagnostics;
using System.Globalization;
using System.IO.MemoryMappedFiles;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary><c>cost FUNCTION Group|IommuFd ROUNDS</c>: what registers and DMA mappings take through a kernel. One observation <c>cost</c> for each.</summary>
/// <remarks>All of it in emulation, so only ratios within one run mean something.</remarks>
internal sealed class CostScenario : IScenario
{
    private const ulong Register = 0x08; // an igb's STATUS, which reading does not change

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        PciAddress address = PciAddress.Parse(arguments[0]);
        int rounds = int.Parse(arguments[2], CultureInfo.InvariantCulture);
        Binder.Bind(address);

        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = Enum.Parse<VfioBackend>(arguments[1]) }, stop);
        using (Bar bar = function.MapBar(0))
        {
            byte[] data = new byte[sizeof(uint)];
            Measure(report, "register, mapped", rounds, () => bar.Registers.Read32(Register));
            Measure(report, "register, through the region", rounds, () => function.ReadRegion(0, Register, data));
        }

        foreach (int beside in new[] { 1, 256, 4096 })
        {
            MeasureMappings(report, function, beside, rounds / 10);
        }
    }

    private static void MeasureMappings(GuestReport report, PciFunction function, int beside, int rounds)
    {
        int page = Environment.SystemPageSize;
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(null, (beside + 1L) * page);
        var views = new List<MemoryMappedViewAccessor>();
        var buffers = new List<DmaBuffer>();
        for (int i = 0; i <= beside; i++)
        {
            views.Add(file.CreateViewAccessor((long)i * page, page));
        }

        for (int i = 0; i < beside; i++)
        {
            buffers.Add(function.Dma.Map(views[i].SafeMemoryMappedViewHandle));
        }

        Measure(report, $"DMA map and unmap beside {beside}", rounds, () => function.Dma.Map(views[beside].SafeMemoryMappedViewHandle).Dispose());
        buffers.ForEach(buffer => buffer.Dispose());
        views.ForEach(view => view.Dispose());
    }

    private static void Measure(GuestReport report, string what, int rounds, Action action)
    {
        for (int i = 0; i < (rounds / 10) + 1; i++)
        {
            action();
        }

        long allocated = GC.GetAllocatedBytesForCurrentThread();
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < rounds; i++)
        {
            action();
        }

        long elapsed = (long)Stopwatch.GetElapsedTime(start).TotalNanoseconds;
        allocated = GC.GetAllocatedBytesForCurrentThread() - allocated;
        report.Observe("cost", ("what", what), ("nanoseconds", elapsed / rounds), ("bytes", allocated / rounds));
    }
}
