using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>A controller's health (NVM Express Base 2.0, 5.16.1.3).</summary>
/// <param name="CriticalWarning">Bit 0 spare, 1 temperature, 2 reliability, 3 read only, 4 backup failed; 0 where all is well.</param>
/// <param name="Temperature">In kelvins.</param>
/// <param name="AvailableSpare">In percent.</param>
/// <param name="PercentageUsed">Of the life that it was made for; may exceed 100.</param>
/// <param name="DataUnitsRead">In thousands of 512 bytes.</param>
/// <param name="DataUnitsWritten">In thousands of 512 bytes.</param>
/// <param name="ReadCommands">Reads and compares.</param>
/// <param name="WriteCommands">Writes.</param>
/// <param name="PowerCycles">How often it was turned on.</param>
/// <param name="PowerOnHours">In hours.</param>
/// <param name="UnsafeShutdowns">How often power went without notice.</param>
/// <param name="MediaErrors">Data that was lost.</param>
/// <param name="ErrorLogEntries">How many there ever were.</param>
public sealed record NvmeHealth(
    byte CriticalWarning,
    int Temperature,
    int AvailableSpare,
    int PercentageUsed,
    UInt128 DataUnitsRead,
    UInt128 DataUnitsWritten,
    UInt128 ReadCommands,
    UInt128 WriteCommands,
    UInt128 PowerCycles,
    UInt128 PowerOnHours,
    UInt128 UnsafeShutdowns,
    UInt128 MediaErrors,
    UInt128 ErrorLogEntries)
{
    internal static NvmeHealth Of(byte[] bytes)
    {
        var log = new SmartLog(bytes);
        return new NvmeHealth(
            log.CriticalWarning, log.Temperature, log.AvailableSpare, log.PercentageUsed, log.DataUnitsRead, log.DataUnitsWritten, log.ReadCommands,
            log.WriteCommands, log.PowerCycles, log.PowerOnHours, log.UnsafeShutdowns, log.MediaErrors, log.ErrorLogEntries);
    }
}
