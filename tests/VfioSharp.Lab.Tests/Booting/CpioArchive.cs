using System.Globalization;
using System.Text;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>
/// Writes a cpio archive in the portable format ("newc") that the kernel unpacks as its first file system: a header of 110 ASCII
/// characters, name and content each padded to four bytes (the kernel's Documentation/driver-api/early-userspace/buffer-format.rst).
/// </summary>
internal sealed class CpioArchive(Stream stream)
{
    private const int DirectoryType = 0x4000;
    private const int FileType = 0x8000;
    private const int CharacterDeviceType = 0x2000;
    private const int AlignmentBytes = 4;

    private readonly HashSet<string> folders = [];
    private uint nextInode = 1;

    /// <summary>Adds a file, with the folders above it.</summary>
    public void AddFile(string path, ReadOnlySpan<byte> content, bool executable = false)
    {
        AddFolder(Path.GetDirectoryName(path)!);
        Write(path, FileType | (executable ? 0x1ed : 0x1a4), content);
    }

    public void AddFolder(string path)
    {
        if (path.Length == 0 || !folders.Add(path))
            return;
        AddFolder(Path.GetDirectoryName(path)!);
        Write(path, DirectoryType | 0x1ed, []);
    }

    public void AddCharacterDevice(string path, uint major, uint minor)
    {
        AddFolder(Path.GetDirectoryName(path)!);
        Write(path, CharacterDeviceType | 0x180, [], major, minor);
    }

    /// <summary>Ends the archive.</summary>
    public void End() => Write("TRAILER!!!", 0, []);

    private void Write(string name, int mode, ReadOnlySpan<byte> content, uint major = 0, uint minor = 0)
    {
        byte[] nameBytes = Encoding.UTF8.GetBytes(name + '\0');

        // Inode, mode, user, group, links, time, size, device of the archive, device of the node, length of the name, checksum.
        uint[] fields = [nextInode++, (uint)mode, 0, 0, 1, 0, (uint)content.Length, 0, 0, major, minor, (uint)nameBytes.Length, 0];
        string header = "070701" + string.Concat(fields.Select(field => field.ToString("x8", CultureInfo.InvariantCulture)));
        stream.Write(Encoding.ASCII.GetBytes(header));
        stream.Write(nameBytes);
        Pad(header.Length + nameBytes.Length);
        stream.Write(content);
        Pad(content.Length);
    }

    private void Pad(int length) => stream.Write(stackalloc byte[-length & (AlignmentBytes - 1)]);
}
