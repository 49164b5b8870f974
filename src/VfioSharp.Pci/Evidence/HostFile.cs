using System.Text;

namespace VfioSharp.Pci.Evidence;

/// <summary>What a read of one file of a host gave: its bytes, or why there are none.</summary>
/// <param name="State">Whether the file was read.</param>
/// <param name="Content">The bytes, empty unless <paramref name="State"/> is <see cref="HostFileState.Read"/>.</param>
public readonly record struct HostFile(HostFileState State, ReadOnlyMemory<byte> Content)
{
    /// <summary>A file that is not there.</summary>
    public static HostFile Absent => default;

    /// <summary>A file that is there but that this reader may not read.</summary>
    public static HostFile Denied => new(HostFileState.Denied, default);

    /// <summary>Whether the bytes were read.</summary>
    public bool IsRead => State == HostFileState.Read;

    /// <summary>
    /// The content as text without surrounding white space, or null where it was not read. NULs at the end are dropped with it: an archiver
    /// that believes sysfs's file lengths pads with them.
    /// </summary>
    public string? Text => IsRead ? Encoding.UTF8.GetString(Content.Span.TrimEnd((byte)0)).Trim() : null;

    /// <summary>Makes a read file from bytes.</summary>
    public static HostFile Of(ReadOnlyMemory<byte> content) => new(HostFileState.Read, content);
}
