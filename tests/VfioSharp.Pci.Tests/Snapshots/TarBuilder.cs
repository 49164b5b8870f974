using System.Formats.Tar;
using System.Text;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Pci.Tests.Snapshots;

/// <summary>Makes tar archives of any entries, in memory.</summary>
internal sealed class TarBuilder : IDisposable
{
    private readonly MemoryStream stream = new();
    private readonly TarWriter writer;

    public TarBuilder() => writer = new TarWriter(stream, TarEntryFormat.Pax, leaveOpen: true);

    public TarBuilder File(string path, string content) => Add(TarEntryType.RegularFile, path, content: Encoding.UTF8.GetBytes(content));

    public TarBuilder File(string path, byte[] content) => Add(TarEntryType.RegularFile, path, content: content);

    public TarBuilder Link(string path, string target) => Add(TarEntryType.SymbolicLink, path, target);

    public TarBuilder HardLink(string path, string target) => Add(TarEntryType.HardLink, path, target);

    public TarBuilder Add(TarEntryType type, string path, string? target = null, byte[]? content = null)
    {
        var entry = new PaxTarEntry(type, path);
        if (target is not null)
        {
            entry.LinkName = target;
        }

        if (content is not null)
        {
            entry.DataStream = new MemoryStream(content);
        }

        writer.WriteEntry(entry);
        return this;
    }

    public byte[] ToArray()
    {
        writer.Dispose();
        return stream.ToArray();
    }

    public MemoryTree Read() => SnapshotArchive.Read(new MemoryStream(ToArray()));

    public void Dispose()
    {
        writer.Dispose();
        stream.Dispose();
    }
}
