using System.Formats.Tar;
using System.IO.Compression;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Snapshots;

/// <summary>Reads one tar archive into a tree, and refuses what is broken or too large.</summary>
internal sealed class SnapshotReader(long maxLength, int maxEntries, int maxFileLength)
{
    private const int MaxPathLength = 4096; // PATH_MAX: no host has a longer one, and a tree this deep is still walked by recursion

    private const int FirstLength = 64 << 10;

    private readonly Dictionary<string, MemoryTreeEntry> entries = new(StringComparer.Ordinal);

    public MemoryTree Read(Stream stream)
    {
        byte[] magic = new byte[2];
        int length = stream.ReadAtLeast(magic, magic.Length, throwOnEndOfStream: false);
        if (length == 0)
        {
            throw new InvalidDataException("The snapshot is empty: it holds not a single byte.");
        }

        using var whole = new BoundedStream(stream, magic.AsMemory(0, length), long.MaxValue);
        bool compressed = magic is [0x1f, 0x8b];
        using Stream plain = compressed ? new GZipStream(whole, CompressionMode.Decompress) : whole;
        using var tar = new BoundedStream(plain, default, maxLength);
        ReadTar(tar);
        return new SnapshotBuilder(entries).Build();
    }

    private void ReadTar(BoundedStream tar)
    {
        try
        {
            using var reader = new TarReader(tar, leaveOpen: true);
            int count = 0;
            while (reader.GetNextEntry() is { } entry)
            {
                if (++count > maxEntries)
                {
                    throw new SnapshotLimitException($"The snapshot has more than {maxEntries} entries, which is the limit.");
                }

                Add(entry);
            }

            // A whole archive ends in empty blocks, before the stream does; what follows them is padding.
            if (tar.AtEnd)
            {
                throw new EndOfStreamException();
            }

            tar.CopyTo(Stream.Null);
        }
        catch (SnapshotLimitException e)
        {
            throw new InvalidDataException(e.Message);
        }
        catch (EndOfStreamException e)
        {
            throw new InvalidDataException("The snapshot is cut short, or is no tar archive.", e);
        }
        catch (Exception e) when (e is InvalidDataException or FormatException or ArgumentException or OverflowException or NotSupportedException)
        {
            throw new InvalidDataException("The snapshot is damaged, or is no tar archive: " + e.Message, e);
        }
    }

    private void Add(TarEntry entry)
    {
        if (entry.Name.Length > MaxPathLength || entry.LinkName.Length > MaxPathLength)
        {
            throw new SnapshotLimitException($"The snapshot has a name of more than {MaxPathLength} characters, which is the limit.");
        }

        string path = Clean(entry.Name);
        if (path.Length > 0 && Convert(entry, path) is { } converted)
        {
            entries[path] = converted;
        }
    }

    // Nearly every name is clean but for a leading ./ or a folder's trailing slash, and there may be a million of them.
    private static string Clean(string name)
    {
        string trimmed = (name.StartsWith("./", StringComparison.Ordinal) ? name[2..] : name).TrimEnd('/');
        return trimmed.StartsWith('/') || trimmed.StartsWith('.') || trimmed.Contains("/.") || trimmed.Contains("//")
            ? HostPath.Combine("", trimmed)
            : trimmed;
    }

    private MemoryTreeEntry? Convert(TarEntry entry, string path)
    {
        switch (entry.EntryType)
        {
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile or TarEntryType.ContiguousFile:
                return new MemoryTreeEntry(path, null, ReadFile(entry));
            case TarEntryType.Directory or TarEntryType.DirectoryList:
                return new MemoryTreeEntry(path, null, null);
            case TarEntryType.SymbolicLink:
                return new MemoryTreeEntry(path, entry.LinkName, null);
            case TarEntryType.HardLink:
                return entries.TryGetValue(Clean(entry.LinkName), out MemoryTreeEntry target)
                    ? target with { Path = path }
                    : throw new InvalidDataException($"{path} is a hard link to {entry.LinkName}, which the archive does not hold before it.");
            case TarEntryType.CharacterDevice or TarEntryType.BlockDevice or TarEntryType.Fifo or TarEntryType.SparseFile:
                return new MemoryTreeEntry(path, null, new HostFile(HostFileState.Failed, default));
            default:
                return null; // volume labels and the like name no file
        }
    }

    private HostFile ReadFile(TarEntry entry)
    {
        if (entry.Length > maxFileLength)
        {
            return new HostFile(HostFileState.Failed, default);
        }

        // The length is bounded but only claimed; a large one gets its memory once the bytes before it have come.
        byte[] content = new byte[Math.Min(entry.Length, FirstLength)];
        entry.DataStream?.ReadExactly(content);
        if (entry.Length > content.Length)
        {
            Array.Resize(ref content, (int)entry.Length);
            entry.DataStream!.ReadExactly(content.AsSpan(FirstLength));
        }

        return HostFile.Of(content);
    }
}
