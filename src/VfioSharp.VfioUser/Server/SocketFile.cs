using VfioSharp.Devices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Server;

/// <summary>A socket in the file system: made, with what is left of one that nobody listens to any more put away; removed when it is not needed.</summary>
internal sealed class SocketFile : IDisposable
{
    private const int Backlog = 128;

    private readonly string path;
    private readonly (ulong File, uint Major, uint Minor) identity;

    private SocketFile(UnixSocket socket, string path)
    {
        Socket = socket;
        this.path = path;
        identity = Identify(path);
    }

    /// <summary>Listens.</summary>
    public UnixSocket Socket { get; }

    /// <summary>Makes a socket.</summary>
    /// <param name="path">Where, at most 107 bytes.</param>
    /// <param name="mode">Who may connect.</param>
    /// <exception cref="DeviceBusyException">Somebody listens there.</exception>
    /// <exception cref="PciException">It cannot be made; the message says why.</exception>
    public static SocketFile Create(string path, UnixFileMode mode)
    {
        // Two who find the same remains must not put away each other's socket.
        string folder = Path.GetDirectoryName(Path.GetFullPath(path)) ?? "/";
        using FileDescriptor? locked = FileDescriptor.Open(folder, OpenFlags.O_RDONLY | MachineAbi.Current.O_DIRECTORY, out Errno error);
        locked?.Lock();
        UnixSocket? socket = UnixSocket.Listen(path, (uint)mode, Backlog, out error);
        if (socket is null && error == Errno.EADDRINUSE)
        {
            RemoveRemains(path);
            socket = UnixSocket.Listen(path, (uint)mode, Backlog, out error);
        }

        return socket is not null ? new SocketFile(socket, path) : throw Failed(path, error);
    }

    /// <summary>Stops listening and removes the file, unless it is another's by now.</summary>
    public void Dispose()
    {
        if (Identify(path) == identity)
        {
            try
            {
                File.Delete(path);
            }
            catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
            {
                // What is left is put away by whoever listens there next.
            }
        }

        Socket.Dispose();
    }

    private static void RemoveRemains(string path)
    {
        using FileDescriptor? file = FileDescriptor.Open(path, OpenFlags.O_PATH, out Errno error);
        if (file is null || file.GetStatus(out Statx status) != Errno.None || (status.stx_mode & StatxFlags.S_IFMT) != StatxFlags.S_IFSOCK)
        {
            throw new PciException("listen", $"{path} is there and no socket: name another path, or remove it", errorNumber: (int)Errno.EADDRINUSE);
        }

        using UnixSocket? other = UnixSocket.Connect(path, out error);
        if (error != Errno.ECONNREFUSED)
        {
            throw new DeviceBusyException("listen", $"somebody serves at {path} already: stop that, or name another path", errorNumber: (int)Errno.EADDRINUSE);
        }

        File.Delete(path);
    }

    private static PciException Failed(string path, Errno error)
    {
        string why = error switch
        {
            Errno.ENAMETOOLONG => "a socket's path has at most 107 bytes: name a shorter one",
            Errno.ENOENT => "its folder does not exist",
            Errno.EACCES or Errno.EPERM => "its folder may not be written to",
            Errno.EROFS => "its file system is read-only",
            Errno.EMFILE or Errno.ENFILE => "no descriptor is left: raise the limit on open files (ulimit -n)",
            _ => $"{error}",
        };
        return new PciException("listen", $"no socket can be made at {path}: {why}", errorNumber: (int)error);
    }

    private static (ulong File, uint Major, uint Minor) Identify(string path)
    {
        using FileDescriptor? file = FileDescriptor.Open(path, OpenFlags.O_PATH, out _);
        return file is not null && file.GetStatus(out Statx status) == Errno.None ? (status.stx_ino, status.stx_dev_major, status.stx_dev_minor) : default;
    }
}
