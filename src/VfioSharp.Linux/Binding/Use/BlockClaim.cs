using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Binding.Use;

/// <summary>Asks the kernel whether somebody holds a block device exclusively, as mounted file systems, swap and volume managers do (open(2), O_EXCL).</summary>
internal static class BlockClaim
{
    private const int O_EXCL = 0x80; // the same on every architecture but Alpha, SPARC and MIPS

    public static bool IsHeld(string file)
    {
        using FileDescriptor? device = FileDescriptor.Open(file, OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK | O_EXCL, out Errno error);
        return error == Errno.EBUSY;
    }
}
