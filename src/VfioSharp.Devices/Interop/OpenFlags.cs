namespace VfioSharp.Devices.Interop;

/// <summary>
/// Flags of open(2) and its relatives that are the same on every architecture the project runs on; the others are in <see
/// cref="MachineAbi"/>.
/// </summary>
internal static class OpenFlags
{
    public const int O_RDONLY = 0;
    public const int O_WRONLY = 1;
    public const int O_RDWR = 2;
    public const int O_NOCTTY = 0x100;
    public const int O_NONBLOCK = 0x800;
    public const int O_CLOEXEC = 0x80000;
    public const int O_PATH = 0x200000;
}
