using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace VfioSharp.Cli.Tests.Snapshots;

/// <summary>The entries of a snapshot archive, as any tar program sees them.</summary>
internal static class SnapshotFiles
{
    /// <summary>What each file holds, by path; of a link, what it points to.</summary>
    public static IReadOnlyDictionary<string, byte[]> Read(string archive)
    {
        var files = new Dictionary<string, byte[]>();
        using var reader = new TarReader(new GZipStream(File.OpenRead(archive), CompressionMode.Decompress));
        while (reader.GetNextEntry() is { } entry)
        {
            if (entry.EntryType != TarEntryType.Directory)
            {
                using var content = new MemoryStream();
                entry.DataStream?.CopyTo(content);
                files.Add(entry.Name, entry.EntryType == TarEntryType.SymbolicLink ? Encoding.UTF8.GetBytes(entry.LinkName) : content.ToArray());
            }
        }

        return files;
    }

    /// <summary>The archive's bytes, unpacked.</summary>
    public static byte[] Unpack(string archive)
    {
        using var plain = new MemoryStream();
        using var gzip = new GZipStream(File.OpenRead(archive), CompressionMode.Decompress);
        gzip.CopyTo(plain);
        return plain.ToArray();
    }
}
