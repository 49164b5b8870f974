using System.Globalization;
using EduDriver;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>The educational device: MSI, and DMA to where it is told. Each copy takes it a tenth of a second.</summary>
/// <remarks>The machine gives it all 64 address lines, so that every address the host lets it use can be tried.</remarks>
internal sealed class EduTrial() : DeviceTrial("edu", EduRegisters.Id)
{
    private const int Copies = 3;

    public override async Task RunAsync(Cell cell)
    {
        await IdentityAsync(cell, EduRegisters.Identification, identification => identification == EduRegisters.IdentificationValue);
        await cell.TryAsync("msi", (function, stop) => RaiseAsync(cell, function, stop));
        await cell.TryAsync("copies", CopyAsync);
        await cell.TryAsync("edges", (function, stop) => ReachEdgesAsync(cell, function, stop));
        await cell.TryAsync("released", (function, stop) => ReleasedMapping.TryAsync(cell, function, stop));
        await cell.TryAsync("lesson", async (function, stop) =>
        {
            using var output = new StringWriter(CultureInfo.InvariantCulture);
            await Lesson.RunAsync(function, output, stop);
            cell.Observe("lesson-output", ("text", output.ToString()));
        });
        await ContractTrial.RunAsync(cell, new EduSubject(cell));
    }

    private static async Task RaiseAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        using Bar bar = function.MapBar(0);
        using MsiVectors vectors = await function.EnableMsiAsync(1, stop);
        await cell.RepeatAsync("msi", cell.Rounds, async _ =>
        {
            EduRegisters.Raise(bar.Registers, 1);
            await vectors[0].WaitAsync(stop);
            EduRegisters.Acknowledge(bar.Registers, 1);
        });
        Expect.That(!vectors[0].TryTake(), "a signal is left that nobody raised");
    }

    private static async Task CopyAsync(PciFunction function, CancellationToken stop)
    {
        await using Edu edu = await Edu.StartAsync(function, stop);
        using DmaBuffer there = function.Dma.Allocate(Edu.BufferLength, new DmaOptions { Access = DmaAccess.Read });
        using DmaBuffer back = function.Dma.Allocate(Edu.BufferLength, new DmaOptions { Access = DmaAccess.Write });
        for (int i = 0; i < Copies; i++)
        {
            await ThereAndBackAsync(edu, there, back, stop);
        }
    }

    private static async Task ReachEdgesAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        await using Edu edu = await Edu.StartAsync(function, stop);
        var reached = new List<string>();
        foreach (IovaRange range in function.Dma.Ranges)
        {
            ulong page = Math.Max(function.Dma.PageSize, (ulong)Environment.SystemPageSize);
            using DmaBuffer first = At(range.First.Value);
            using DmaBuffer last = At(range.Last.Value - (page - 1));
            cell.Reached($"from {first.Iova} to {last.Iova}");
            await ThereAndBackAsync(edu, first, last, stop);
            await ThereAndBackAsync(edu, last, first, stop);
            reached.Add($"{range}");
        }

        Expect.That(reached.Count > 0, "the host names no usable addresses");
        cell.Observe("edges-reached", ("ranges", reached));

        DmaBuffer At(ulong address) => function.Dma.Allocate(Edu.BufferLength, new DmaOptions { At = new Iova(address) });
    }

    private static async Task ThereAndBackAsync(Edu edu, DmaBuffer there, DmaBuffer back, CancellationToken stop)
    {
        Random.Shared.NextBytes(there.Span);
        back.Span.Clear();
        await edu.WriteAsync(there, Edu.BufferLength, stop);
        await edu.ReadAsync(back, Edu.BufferLength, stop);
        Expect.Same(back.Span, there.Span, $"copied from {there.Iova} to {back.Iova}");
    }
}
