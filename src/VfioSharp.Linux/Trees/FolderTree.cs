using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Trees;

/// <summary>A <see cref="HostTree"/> of the files below a folder: the running system's root, or a copy of some host's files.</summary>
internal sealed class FolderTree : HostTree
{
    // Not blocking: a FIFO is opened and found out, and never waited for.
    private const int ReadFlags = OpenFlags.O_RDONLY | OpenFlags.O_NONBLOCK | OpenFlags.O_NOCTTY;

    private readonly FileDescriptor root;
    private readonly PathWalk walk;

    private FolderTree(FileDescriptor root, PathWalk walk) => (this.root, this.walk) = (root, walk);

    /// <summary>The running system's files as this process sees them.</summary>
    public static FolderTree OfHost() => Open("/", PathWalk.Host);

    /// <summary>A folder as if it were a root: absolute links start there, and nothing leads out of it.</summary>
    /// <exception cref="DirectoryNotFoundException">There is no such folder.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be opened.</exception>
    /// <exception cref="IOException">The folder cannot be opened for another reason.</exception>
    public static FolderTree Confined(string folder)
    {
        FolderTree tree = Open(folder, PathWalk.Confined);
        using FileDescriptor? probe = tree.root.OpenInRoot(".", OpenFlags.O_PATH, out _);
        return probe is null ? new FolderTree(tree.root, PathWalk.ConfinedByText) : tree;
    }

    /// <inheritdoc cref="Confined(string)"/>
    public static FolderTree Open(string folder, PathWalk walk)
    {
        FileDescriptor? root = FileDescriptor.Open(folder, OpenFlags.O_PATH | MachineAbi.Current.O_DIRECTORY, out Errno error);
        return root is not null ? new FolderTree(root, walk) : throw (error switch
        {
            Errno.ENOENT or Errno.ENOTDIR => new DirectoryNotFoundException($"There is no folder {folder}."),
            Errno.EACCES or Errno.EPERM => new UnauthorizedAccessException($"The folder {folder} may not be opened ({error})."),
            _ => new IOException($"The folder {folder} cannot be opened ({error})."),
        });
    }

    /// <inheritdoc/>
    public override HostFile Read(string path)
    {
        using FileDescriptor? file = Open(path, ReadFlags, out Errno error);
        if (file is null)
        {
            return ToHostFile(error);
        }

        error = file.GetStatus(out Statx status);
        if (error == Errno.None)
        {
            switch (status.stx_mode & StatxFlags.S_IFMT)
            {
                case StatxFlags.S_IFREG:
                    error = FileReader.ReadToEnd(file, SnapshotArchive.MaxFileLength, out byte[] content);
                    return error == Errno.None ? HostFile.Of(content) : ToHostFile(error);
                case StatxFlags.S_IFDIR:
                    return HostFile.Absent;
                default:
                    break;
            }
        }

        return new HostFile(HostFileState.Failed, default);
    }

    /// <inheritdoc/>
    public override IReadOnlyList<string> List(string path)
    {
        using FileDescriptor? folder = Open(path, ReadFlags | MachineAbi.Current.O_DIRECTORY, out _);
        if (folder is null)
        {
            return [];
        }

        var names = new List<string>();
        folder.ReadNames(names); // names that came before an error are there, whatever the error was
        names.Sort(StringComparer.Ordinal);
        return names;
    }

    /// <inheritdoc/>
    public override string? ReadLink(string path)
    {
        if (walk == PathWalk.Host)
        {
            return root.ReadLink(Relative(path), out _);
        }

        using FileDescriptor? link = Open(path, OpenFlags.O_PATH | MachineAbi.Current.O_NOFOLLOW, out _);
        return link?.ReadLink("", out _);
    }

    /// <summary>The path free of links, as a path of this tree, or null where it leads nowhere.</summary>
    public string? Resolve(string path) => LinkWalk.Resolve(root, path, followLast: true, out _);

    /// <summary>What a failed attempt to read means.</summary>
    internal static HostFile ToHostFile(Errno error) => error switch
    {
        // A loop of links and a folder hold no file any more than a missing name does.
        Errno.ENOENT or Errno.ENOTDIR or Errno.ELOOP or Errno.ENAMETOOLONG or Errno.EISDIR => HostFile.Absent,
        Errno.EACCES or Errno.EPERM => HostFile.Denied,
        _ => new HostFile(HostFileState.Failed, default),
    };

    private static string Relative(string path)
    {
        string relative = path.TrimStart('/');
        return relative.Length == 0 ? "." : relative;
    }

    private FileDescriptor? Open(string path, int flags, out Errno error)
    {
        switch (walk)
        {
            case PathWalk.Host:
                return root.OpenAt(Relative(path), flags, out error);
            case PathWalk.Confined:
                return root.OpenInRoot(Relative(path), flags, out error);
            default:
                bool followLast = (flags & MachineAbi.Current.O_NOFOLLOW) == 0;
                string? place = LinkWalk.Resolve(root, path, followLast, out error);
                return place is null ? null : root.OpenAt(Relative(place), flags | MachineAbi.Current.O_NOFOLLOW, out error);
        }
    }
}
