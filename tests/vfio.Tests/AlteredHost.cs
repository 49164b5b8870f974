using System.Formats.Tar;
using System.IO.Compression;
using System.Text;
using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests;

/// <summary>A captured host's archive with something changed, written as another archive: what other hosts of its kind would show.</summary>
internal sealed class AlteredHost(string name)
{
    private readonly List<Func<string, byte[], byte[]?>> edits = [];
    private readonly List<TarEntry> added = [];

    /// <summary>Takes away what matches: files, links, folders.</summary>
    public AlteredHost Without(string pattern)
    {
        edits.Add((path, content) => Regex.IsMatch(path, pattern) ? null : content);
        return this;
    }

    /// <summary>Rewrites the text of the files that match.</summary>
    public AlteredHost Edit(string pattern, Func<string, string> edit)
    {
        edits.Add((path, content) => Regex.IsMatch(path, pattern) ? Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(content))) : content);
        return this;
    }

    /// <summary>Cuts the files that match to a length.</summary>
    public AlteredHost Cut(string pattern, int length)
    {
        edits.Add((path, content) => content.Length > length && Regex.IsMatch(path, pattern) ? content[..length] : content);
        return this;
    }

    /// <summary>Adds a file, or replaces one.</summary>
    public AlteredHost With(string path, string content) => With(path, Encoding.UTF8.GetBytes(content));

    /// <inheritdoc cref="With(string, string)"/>
    public AlteredHost With(string path, byte[] content)
    {
        added.Add(new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(content) });
        return this;
    }

    /// <summary>Adds a link, or replaces one.</summary>
    public AlteredHost WithLink(string path, string target)
    {
        added.Add(new PaxTarEntry(TarEntryType.SymbolicLink, path) { LinkName = target });
        return this;
    }

    /// <summary>Nothing tells which chip delivers the messages: no vectors, no I/O interrupt controllers, no log.</summary>
    public AlteredHost WithoutInterrupts() =>
        Without("/msi_irqs/").Without("^proc/interrupts$").Without("^sys/kernel/irq/").Without("^sys/kernel/debug/").Without("^var/log/")
            .With("proc/interrupts", "           CPU0\n");

    /// <summary>Writes the archive into a folder, and says where.</summary>
    public string WriteTo(TemporaryFolder folder)
    {
        string archive = folder[$"{name}-{Guid.NewGuid():N}.tar.gz"];
        using var source = new TarReader(new GZipStream(File.OpenRead(CapturedHost.Archive(name)), CompressionMode.Decompress));
        using var target = new TarWriter(new GZipStream(File.Create(archive), CompressionLevel.Fastest), TarEntryFormat.Pax);
        while (source.GetNextEntry(copyData: true) is { } entry)
        {
            if (Change(entry) is { } changed)
            {
                target.WriteEntry(changed);
            }
        }

        added.ForEach(target.WriteEntry);
        return archive;
    }

    private PaxTarEntry? Change(TarEntry entry)
    {
        string path = entry.Name.TrimEnd('/');
        path = path.StartsWith("./", StringComparison.Ordinal) ? path[2..] : path;
        using var content = new MemoryStream();
        entry.DataStream?.CopyTo(content);
        byte[]? bytes = content.ToArray();
        foreach (Func<string, byte[], byte[]?> edit in edits)
        {
            bytes = bytes is null ? null : edit(path, bytes);
        }

        if (bytes is null || path.Length == 0)
        {
            return null;
        }

        switch (entry.EntryType)
        {
            case TarEntryType.SymbolicLink:
                return new PaxTarEntry(TarEntryType.SymbolicLink, path) { LinkName = entry.LinkName };
            case TarEntryType.RegularFile or TarEntryType.V7RegularFile:
                return new PaxTarEntry(TarEntryType.RegularFile, path) { DataStream = new MemoryStream(bytes) };
            default:
                return new PaxTarEntry(TarEntryType.Directory, path);
        }
    }
}
