using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>
/// The educational device's registers one by one (docs/specs/edu in QEMU's sources), for what a driver like that of <c>samples/EduDriver</c> must never do: copies to
/// addresses that are nobody's, signals without a look at the status.
/// </summary>
internal static class EduRegisters
{
    public const string Id = "1234:11e8";

    public const ulong Identification = 0x00;
    public const uint IdentificationValue = 0x0100_00ED;
    public const ulong DmaSource = 0x80;

    private const ulong InterruptRaise = 0x60;
    private const ulong InterruptAcknowledge = 0x64;
    private const ulong DmaDestination = 0x88;
    private const ulong DmaCount = 0x90;
    private const ulong DmaCommand = 0x98;
    private const ulong DeviceBuffer = 0x40000;
    private const uint Start = 0x01;
    private const uint ToMemory = 0x02;

    /// <summary>Sets bits of the interrupt's status: one signal, however many.</summary>
    public static void Raise(Registers registers, uint bits) => registers.Write32(InterruptRaise, bits);

    /// <summary>Clears bits of the interrupt's status; with the last of them the legacy line falls.</summary>
    public static void Acknowledge(Registers registers, uint bits) => registers.Write32(InterruptAcknowledge, bits);

    /// <summary>Copies memory into the device's buffer, and polls until it says that it is done.</summary>
    public static Task FetchAsync(Registers registers, Iova source, int length, CancellationToken stop) =>
        CopyAsync(registers, source.Value, DeviceBuffer, length, Start, stop);

    /// <summary>Copies the device's buffer into memory, likewise.</summary>
    public static Task StoreAsync(Registers registers, Iova destination, int length, CancellationToken stop) =>
        CopyAsync(registers, DeviceBuffer, destination.Value, length, Start | ToMemory, stop);

    private static async Task CopyAsync(Registers registers, ulong source, ulong destination, int length, uint command, CancellationToken stop)
    {
        DmaBarrier.BeforeDoorbell();
        registers.Write64(DmaSource, source);
        registers.Write64(DmaDestination, destination);
        registers.Write64(DmaCount, (ulong)length);
        registers.Write64(DmaCommand, command);
        while ((registers.Read64(DmaCommand) & Start) != 0)
        {
            await Task.Delay(5, stop);
        }

        DmaBarrier.AfterCompletion();
    }
}
