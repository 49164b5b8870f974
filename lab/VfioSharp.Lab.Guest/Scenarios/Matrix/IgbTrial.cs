using VfioSharp.Devices;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A network function: ten vectors, each raised by a register.</summary>
internal sealed class IgbTrial() : DeviceTrial("igb", Igb.Id)
{
    private const int Vectors = 5;

    public override async Task RunAsync(Cell cell)
    {
        await IdentityAsync(cell, Igb.ReceiveAddressLow, address => address == Igb.DefaultAddress);
        await TableTrial.RunAsync(cell);
        await cell.TryAsync("vectors", (function, stop) => VectorsAsync(cell, function, stop));
        await cell.TryAsync("masking", (function, stop) => MaskingAsync(function, stop));
        await cell.TryAsync("reenabling", (function, stop) => ReenablingAsync(cell, function, stop));
        await cell.TryAsync("resizing", (function, stop) => ResizingAsync(cell, function, stop));
        await ContractTrial.RunAsync(cell, new IgbSubject(cell));
    }

    private static async Task VectorsAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(Vectors, stop);
        using Igb igb = Start(function);
        await cell.RepeatAsync("vectors", cell.Rounds, async i =>
        {
            int vector = (i + (i / Vectors)) % Vectors;
            igb.Fire(vector);
            await vectors[vector].WaitAsync(stop);
            for (int other = 0; other < Vectors; other++)
            {
                Expect.That(!vectors[other].TryTake(), $"vector {vector} was fired, and vector {other} signalled");
            }
        });
    }

    private static async Task MaskingAsync(PciFunction function, CancellationToken stop)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(Vectors, stop);
        using Igb igb = Start(function);
        for (int i = 0; i < Vectors; i++)
        {
            InterruptVector masked = vectors[i % Vectors];
            InterruptVector other = vectors[(i + 1) % Vectors];
            masked.Mask();
            Expect.That(masked.IsMasked, "a masked vector says that it is not");
            igb.Fire(masked.Index);
            igb.Fire(other.Index);
            await other.WaitAsync(stop);
            await Task.Delay(Cell.Settle, stop);
            Expect.That(!masked.TryTake(), $"vector {masked.Index} was masked, and woke");
            masked.Unmask();
            await masked.WaitAsync(stop);
            Expect.That(!masked.IsMasked && !masked.TryTake(), $"vector {masked.Index} is not at rest after the pending signal");
            igb.Fire(masked.Index);
            await masked.WaitAsync(stop);
        }
    }

    private static async Task ReenablingAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        using Igb igb = Start(function);
        for (int i = 0; i < 20; i++)
        {
            int count = 1 + (i % Vectors);
            cell.Reached($"enabled with {count} for the {i + 1}. time");
            using MsixVectors vectors = await function.EnableMsixAsync(count, stop);
            await FireAllAsync(igb, vectors, stop);
        }
    }

    private static async Task ResizingAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        using Igb igb = Start(function);
        int[] counts = [2, Vectors, 3, 1, 4, Vectors, 1];
        foreach (int count in counts)
        {
            cell.Reached($"resized to {count}");
            await vectors.ResizeAsync(count, stop);
            Expect.Equal(vectors.Count, count, "vectors");
            await FireAllAsync(igb, vectors, stop);
        }
    }

    private static async Task FireAllAsync(Igb igb, MsixVectors vectors, CancellationToken stop)
    {
        foreach (InterruptVector vector in vectors)
        {
            igb.Fire(vector.Index);
            await vector.WaitAsync(stop);
        }

        foreach (InterruptVector vector in vectors)
        {
            Expect.That(!vector.TryTake(), $"vector {vector.Index} signalled more than it was fired");
        }
    }

    private static Igb Start(PciFunction function)
    {
        var igb = new Igb(function);
        Expect.That(igb.IsPresent, "the registers read as those of an absent function");
        igb.EnableCauses(Vectors);
        return igb;
    }
}
