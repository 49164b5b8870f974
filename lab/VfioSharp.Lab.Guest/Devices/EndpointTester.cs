using System.Buffers.Binary;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>
/// The kernel's driver of the endpoint test function, by the commands that its file takes: include/uapi/linux/pcitest.h and
/// drivers/misc/pci_endpoint_test.c as of Linux 6.12, which answers success by 1 and failure by 0.
/// </summary>
internal sealed class EndpointTester : IDisposable
{
    private const string Path = "/dev/pci-endpoint-test.0";

    private const uint TestBar = 0x5001;
    private const uint TestIntx = 0x5002;
    private const uint TestMsi = 0x4004_5003;
    private const uint TestWrite = 0x4008_5004;
    private const uint TestRead = 0x4008_5005;
    private const uint TestCopy = 0x4008_5006;
    private const uint TestMsix = 0x4004_5007;
    private const uint SetInterruptType = 0x4004_5008;
    private const uint GetInterruptType = 0x5009;
    private const uint ClearInterrupt = 0x5010;
    private const int TransferLength = 16; // size, flags, padding

    private readonly FileDescriptor file;

    public EndpointTester() => file = FileDescriptor.Open(Path, OpenFlags.O_RDWR, out Errno error)
        ?? throw new IOException($"{Path} cannot be opened ({error}): did the driver find its function?");

    /// <summary>0 for the line, 1 for MSI, 2 for MSI-X.</summary>
    public int InterruptType => Ask(GetInterruptType, 0, out _);

    /// <summary>Takes vectors of a kind.</summary>
    public bool Use(int interruptType, out Errno error) => Ask(SetInterruptType, interruptType, out error) == 1;

    /// <summary>Gives the vectors back.</summary>
    public bool Clear(out Errno error) => Ask(ClearInterrupt, 0, out error) == 1;

    /// <summary>Fills a BAR and reads it back.</summary>
    public bool Bar(int index, out Errno error) => Ask(TestBar, index, out error) == 1;

    /// <summary>Lets the function raise its line.</summary>
    public bool Intx(out Errno error) => Ask(TestIntx, 0, out error) == 1;

    /// <summary>Lets the function signal a vector of MSI, counted from 1.</summary>
    public bool Msi(int vector, out Errno error) => Ask(TestMsi, vector, out error) == 1;

    /// <summary>Lets the function signal a vector of MSI-X, counted from 1.</summary>
    public bool Msix(int vector, out Errno error) => Ask(TestMsix, vector, out error) == 1;

    /// <summary>Lets the function read so many bytes of memory.</summary>
    public bool Read(ulong size, out Errno error) => Transfer(TestRead, size, out error);

    /// <summary>Lets the function write so many bytes of memory.</summary>
    public bool Write(ulong size, out Errno error) => Transfer(TestWrite, size, out error);

    /// <summary>Lets the function copy so many bytes.</summary>
    public bool Copy(ulong size, out Errno error) => Transfer(TestCopy, size, out error);

    public void Dispose() => file.Dispose();

    private bool Transfer(uint command, ulong size, out Errno error)
    {
        Span<byte> argument = stackalloc byte[TransferLength];
        argument.Clear();
        BinaryPrimitives.WriteUInt64LittleEndian(argument, size);
        error = file.Ioctl(command, argument, out int result);
        return error == Errno.None && result == 1;
    }

    private int Ask(uint command, int argument, out Errno error)
    {
        error = file.Ioctl(command, argument, out int result);
        return result;
    }
}
