using System.Buffers.Binary;
using VfioSharp.Devices;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A disk: its admin queue lies in memory, and each command ends with an interrupt.</summary>
internal sealed class NvmeTrial() : DeviceTrial("nvme", NvmeAdmin.Id)
{
    private const ushort Vendor = 0x1B36;
    private const int FewRounds = 50;

    public override async Task RunAsync(Cell cell)
    {
        await IdentityAsync(cell, NvmeAdmin.Version, version => version >> 16 is 1 or 2);
        await TableTrial.RunAsync(cell);
        await cell.TryAsync("identify", (function, stop) => IdentifyAsync(cell, function, "identify", cell.Rounds, stop));
        await cell.TryAsync("identify-trapped", (function, stop) => IdentifyAsync(cell, function, "identify-trapped", FewRounds, stop), MsixTableRule.NeverMap);
        await cell.TryAsync("identify-at-risk", (function, stop) => IdentifyAsync(cell, function, "identify-at-risk", FewRounds, stop), MsixTableRule.AcceptRisk);
        await cell.TryAsync("reenabling", (function, stop) => ReenableAsync(cell, function, stop));
    }

    private static async Task IdentifyAsync(Cell cell, PciFunction function, string aspect, int rounds, CancellationToken stop)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        using NvmeAdmin admin = await NvmeAdmin.StartAsync(function, stop);
        await cell.RepeatAsync(aspect, rounds, async _ =>
        {
            await admin.IdentifyAsync(vectors[0], stop);
            Check(admin);
        });

        Expect.That(!vectors[0].TryTake(), "a signal is left that no command explains");
    }

    // The controller goes on while its interrupts are off: what completes then is there to be found.
    private static async Task ReenableAsync(Cell cell, PciFunction function, CancellationToken stop)
    {
        MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        using NvmeAdmin admin = await NvmeAdmin.StartAsync(function, stop);
        for (int i = 0; i < 10; i++)
        {
            cell.Reached($"enabled for the {i + 1}. time");
            await admin.IdentifyAsync(vectors[0], stop);
            Check(admin);
            vectors.Dispose();

            ushort silent = admin.SubmitIdentify();
            while (!admin.TryComplete(silent))
            {
                await Task.Delay(1, stop);
            }

            vectors = await function.EnableMsixAsync(1 + (i % 3), stop);
            while (vectors[0].TryTake())
            {
                // What the controller had to say of the silent command.
            }
        }

        vectors.Dispose();
    }

    // Identify Controller: the vendor's ID, then (after the subsystem's) the serial number, padded with spaces.
    private static void Check(NvmeAdmin admin)
    {
        Expect.Equal(BinaryPrimitives.ReadUInt16LittleEndian(admin.Data), Vendor, "the vendor in memory");
        Expect.Same(admin.Data[4..10], "lab   "u8, "the serial number in memory");
    }
}
