using System.Formats.Tar;
using System.IO.Compression;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Snapshots;

/// <summary>A host's files in one tar archive, to audit elsewhere.</summary>
public static class SnapshotArchive
{
    /// <summary>The most bytes of one file; a longer one reads as <see cref="HostFileState.Failed"/>.</summary>
    public const int MaxFileLength = 16 << 20;

    /// <summary>The most bytes of an archive once unpacked, headers and padding counted in.</summary>
    public const long MaxLength = 512L << 20;

    /// <summary>The most entries of an archive.</summary>
    public const int MaxEntries = 1_000_000;

    private const UnixFileMode ReadOnly = UnixFileMode.UserRead | UnixFileMode.GroupRead | UnixFileMode.OtherRead;

    private const UnixFileMode Folder = ReadOnly | UnixFileMode.UserWrite
        | UnixFileMode.UserExecute | UnixFileMode.GroupExecute | UnixFileMode.OtherExecute;

    /// <summary>Reads a tar archive, compressed by gzip or not, from the stream's position to its end.</summary>
    /// <remarks>
    /// The tree's root is the archive's, or the only folder in it that holds <c>sys</c> where the root holds none. Files that the archive's manifest
    /// calls unreadable are <see cref="HostFileState.Denied"/>.
    /// </remarks>
    /// <exception cref="InvalidDataException">The stream holds no whole tar archive, an empty one, or one beyond the limits.</exception>
    public static MemoryTree Read(Stream stream)
    {
        ArgumentNullException.ThrowIfNull(stream);
        return new SnapshotReader(MaxLength, MaxEntries, MaxFileLength).Read(stream);
    }

    /// <summary>Writes a tree as a tar archive compressed by gzip. The same tree gives the same bytes.</summary>
    /// <remarks>Files that are denied or failed are named in the archive's manifest, so that reading it back gives an equal tree.</remarks>
    public static void Write(MemoryTree tree, Stream stream)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(stream);
        using var gzip = new GZipStream(stream, CompressionLevel.Optimal, leaveOpen: true);
        WriteTar(tree, gzip);
    }

    /// <summary>Writes a tree as a tar archive, not compressed.</summary>
    internal static void WriteTar(MemoryTree tree, Stream stream)
    {
        // The GNU format: long names without the extended headers that would carry a process number and a time.
        using var writer = new TarWriter(stream, TarEntryFormat.Gnu, leaveOpen: true);
        var unreadable = new List<string>();
        var failed = new List<string>();
        HostFile manifest = HostFile.Absent;
        foreach (MemoryTreeEntry entry in tree.Entries())
        {
            if (entry.Path == SnapshotManifest.FileName && entry.File is { IsRead: true } file)
            {
                manifest = file;
            }
            else if (entry.File is { State: HostFileState.Denied })
            {
                unreadable.Add(entry.Path);
            }
            else if (entry.File is { State: HostFileState.Failed })
            {
                failed.Add(entry.Path);
            }
            else
            {
                Write(writer, entry);
            }
        }

        if (Manifest(manifest, unreadable, failed) is { } content)
        {
            Write(writer, new MemoryTreeEntry(SnapshotManifest.FileName, null, HostFile.Of(content)));
        }
    }

    private static ReadOnlyMemory<byte>? Manifest(HostFile file, List<string> unreadable, List<string> failed)
    {
        SnapshotManifest manifest = file.IsRead ? SnapshotManifest.Parse(file.Content) : new SnapshotManifest();
        if (new HashSet<string>(manifest.Unreadable).SetEquals(unreadable) && new HashSet<string>(manifest.Failed).SetEquals(failed))
        {
            return file.IsRead ? file.Content : (ReadOnlyMemory<byte>?)null;
        }

        return (manifest with { Unreadable = unreadable, Failed = failed }).ToJson();
    }

    private static void Write(TarWriter writer, MemoryTreeEntry entry)
    {
        TarEntryType type = entry.Link is not null ? TarEntryType.SymbolicLink
            : entry.File is null ? TarEntryType.Directory
            : TarEntryType.RegularFile;
        var header = new GnuTarEntry(type, entry.Path)
        {
            Mode = type == TarEntryType.Directory ? Folder : ReadOnly,
            ModificationTime = DateTimeOffset.UnixEpoch,
            AccessTime = DateTimeOffset.UnixEpoch,
            ChangeTime = DateTimeOffset.UnixEpoch,
        };
        if (entry.Link is { } target)
        {
            header.LinkName = target;
        }
        else if (entry.File is { } file)
        {
            header.DataStream = new MemoryStream(file.Content.ToArray(), writable: false);
        }

        writer.WriteEntry(header);
    }
}
