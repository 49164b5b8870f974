using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Log;

/// <summary>The running kernel's log as text in the format of dmesg(1).</summary>
internal static class KernelRing
{
    private const int RecordLength = 16 << 10; // the kernel's own buffer for one was never above 8 KiB; a smaller one than its is EINVAL
    private const int MaxOverruns = 1000;
    private const int KmsgMajor = 1; // Documentation/admin-guide/devices.txt: 1 char, minor 11
    private const int KmsgMinor = 11;

    /// <summary>Reads the ring buffer; where there is none to be had at all, the file that the system kept of it.</summary>
    public static HostFile Read(HostTree files)
    {
        using FileDescriptor? device = OpenDevice(out Errno error);
        if (device is not null)
        {
            return Drain(device.Read);
        }

        if (error is Errno.EACCES or Errno.EPERM)
        {
            return HostFile.Denied;
        }

        // No such device, as in most containers.
        error = Machine.ReadSystemLog(out byte[] lines);
        switch (error)
        {
            case Errno.None:
                var text = new KernelLogText();
                text.AddSyslog(lines);
                return HostFile.Of(text.ToArray());
            case Errno.EPERM or Errno.EACCES:
                return HostFile.Denied;
            default:
                return files.Read(Trees.LiveTree.LogPath);
        }
    }

    /// <summary>Reads records until there are no more.</summary>
    internal static HostFile Drain(RecordReader read)
    {
        var text = new KernelLogText();
        byte[] record = new byte[RecordLength];
        int overruns = 0;
        while (text.Length < SnapshotArchive.MaxFileLength)
        {
            Errno error = read(record, out int length);
            if (error == Errno.EPIPE && ++overruns < MaxOverruns)
            {
                continue; // overwritten before it was read; the next read gives the oldest that is left
            }

            if (error is not (Errno.None or Errno.EAGAIN) && text.Length == 0)
            {
                return Trees.FolderTree.ToHostFile(error);
            }

            if (error != Errno.None || length == 0)
            {
                break;
            }

            text.AddRecord(record.AsSpan(0, length));
        }

        return HostFile.Of(text.ToArray());
    }

    // Container managers put other things under this name: a console, or nothing's device.
    private static FileDescriptor? OpenDevice(out Errno error)
    {
        const int flags = OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK | OpenFlags.O_NOCTTY;
        FileDescriptor? device = FileDescriptor.Open("/dev/kmsg", flags, out error);
        if (device is null)
        {
            return null;
        }

        error = device.GetStatus(out Statx status);
        if (error == Errno.None && (status.stx_mode & StatxFlags.S_IFMT) == StatxFlags.S_IFCHR
            && status.stx_rdev_major == KmsgMajor && status.stx_rdev_minor == KmsgMinor)
        {
            return device;
        }

        device.Dispose();
        error = Errno.ENOENT;
        return null;
    }
}
