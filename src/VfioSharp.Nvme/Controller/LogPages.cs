using System.Buffers.Binary;
using System.Text;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>What Get Log Page answers (NVM Express Base 2.0, 5.16.1).</summary>
/// <param name="state">What is told of.</param>
internal sealed class LogPages(ControllerState state)
{
    /// <summary>The longest page in bytes.</summary>
    public const int MaxLength = 4096;

    private const int UnitLength = 512 * 1000;
    private const int MillisecondsPerHour = 3_600_000;
    private const uint Supported = 1;
    private const uint ChangesBlocks = 1 << 1;

    /// <summary>A page's length in bytes; 0 where there is no such page.</summary>
    public static int LengthOf(LogPage page) => page switch
    {
        LogPage.SupportedLogPages => 1024,
        LogPage.Error => ErrorHistory.Capacity * ErrorLogEntry.Length,
        LogPage.Smart => SmartLog.Length,
        LogPage.FirmwareSlots => 512,
        LogPage.ChangedNamespaces => 4096,
        LogPage.CommandsSupported => 4096,
        _ => 0,
    };

    /// <summary>Writes a page.</summary>
    /// <param name="page">Which one; it exists.</param>
    /// <param name="bytes">As long as it is, zeros.</param>
    public void Fill(LogPage page, Span<byte> bytes)
    {
        switch (page)
        {
            case LogPage.SupportedLogPages:
                foreach (LogPage each in Enum.GetValues<LogPage>())
                {
                    BinaryPrimitives.WriteUInt32LittleEndian(bytes[((int)each * sizeof(uint))..], Supported);
                }

                break;
            case LogPage.Error:
                state.Errors.CopyTo(bytes);
                break;
            case LogPage.Smart:
                FillSmart(bytes);
                break;
            case LogPage.FirmwareSlots:
                bytes[0] = 1; // the first is active
                bytes[8..16].Fill((byte)' ');
                Encoding.ASCII.GetBytes(state.Options.FirmwareRevision, bytes[8..16]);
                break;
            case LogPage.CommandsSupported:
                FillCommands(bytes);
                break;
            default:
                break; // namespaces never change
        }
    }

    private static UInt128 Units(long bytes) => (UInt128)(((ulong)bytes + UnitLength - 1) / UnitLength);

    private static void FillCommands(Span<byte> bytes)
    {
        foreach (AdminOpcode each in Enum.GetValues<AdminOpcode>())
        {
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[((int)each * sizeof(uint))..], Supported);
        }

        const int FirstIo = 1024;
        foreach (IoOpcode each in Enum.GetValues<IoOpcode>())
        {
            bool changes = each is IoOpcode.Write or IoOpcode.WriteZeroes or IoOpcode.DatasetManagement;
            BinaryPrimitives.WriteUInt32LittleEndian(bytes[(FirstIo + ((int)each * sizeof(uint)))..], Supported | (changes ? ChangesBlocks : 0));
        }
    }

    private void FillSmart(Span<byte> bytes)
    {
        ControllerCounters counters = state.Counters;
        _ = new SmartLog(bytes)
        {
            CriticalWarning = (byte)(state.Features.IsTemperatureCritical ? 1 << 1 : 0),
            Temperature = FeatureStore.Temperature,
            AvailableSpare = 100,
            SpareThreshold = 10,
            DataUnitsRead = Units(counters.BytesRead),
            DataUnitsWritten = Units(counters.BytesWritten),
            ReadCommands = (UInt128)counters.Reads,
            WriteCommands = (UInt128)counters.Writes,
            PowerCycles = 1,
            PowerOnHours = (UInt128)((Environment.TickCount64 - state.Started) / MillisecondsPerHour),
            ErrorLogEntries = (UInt128)state.Errors.Count,
        };
    }
}
