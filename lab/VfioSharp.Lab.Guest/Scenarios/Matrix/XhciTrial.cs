using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A USB host controller: table and pending bits share a page of the BAR that holds the registers.</summary>
internal sealed class XhciTrial() : DeviceTrial("xhci", XhciController.Id)
{
    private const int Signals = 300;

    public override async Task RunAsync(Cell cell)
    {
        // Interface version 1.00 behind a capability length of 0x40.
        await IdentityAsync(cell, XhciController.Version, version => version == 0x0100_0040);
        await TableTrial.RunAsync(cell);
        await cell.TryAsync("commands", (function, stop) => CommandsAsync(cell, function, stop));
        await cell.TryAsync("pending-bit", PendingAsync);
        await cell.TryAsync("pending-bit-trapped", PendingAsync, MsixTableRule.NeverMap);
    }

    private static async Task CommandsAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        using XhciController controller = await XhciController.StartAsync(function, stop);
        await cell.RepeatAsync("commands", Signals, async _ =>
        {
            controller.SubmitNoOp();
            await vectors[0].WaitAsync(stop);
            Expect.That(controller.TryTakeCompletion(), "the vector was signalled before the event was there");
        });
    }

    // The neighbour on the table's page is alive: the pending bit rises with a masked vector's signal and falls with its delivery.
    private static async Task PendingAsync(PciFunction function, CancellationToken stop)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        using XhciController controller = await XhciController.StartAsync(function, stop);
        using Bar bar = function.MapBar(0);
        ulong pending = function.Msix!.Pba!.Value.Offset;
        Expect.That(function.Msix.TablePageNeighbours(function.Shape.PageSize).Any(content => content.Kind == BarContentKind.Pba), "the pending bits lie on another page");

        for (int i = 0; i < 3; i++)
        {
            Check(function, bar, pending, 0);
            vectors[0].Mask();
            controller.SubmitNoOp();
            while (!controller.TryTakeCompletion())
            {
                await Task.Delay(1, stop);
            }

            Check(function, bar, pending, 1);
            Expect.That(!vectors[0].TryTake(), "the vector was masked, and woke");
            vectors[0].Unmask();
            await vectors[0].WaitAsync(stop);
        }

        Check(function, bar, pending, 0);
    }

    private static void Check(PciFunction function, Bar bar, ulong offset, uint expected)
    {
        Expect.Equal(bar.Registers.Read32(offset) & 1, expected, "the pending bit by the registers");
        Expect.Equal(Cell.ReadRegion32(function, bar.Index, offset) & 1, expected, "the pending bit through the region");
    }
}
