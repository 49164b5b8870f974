using System.Text;
using VfioSharp.Lab.Tests.Booting;

namespace VfioSharp.Lab.Tests;

public class CpioArchiveTests
{
    // From buffer-format.rst, by hand: 13 fields of eight hexadecimal digits after the magic.
    private const string FolderHeader = "070701000000010000" + "41ed" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" + "00000000" + "00000000" + "00000000" + "00000000" + "00000002" + "00000000";
    private const string FileHeader = "070701000000020000" + "81ed" + "00000000" + "00000000" + "00000001" + "00000000" + "00000005" + "00000000" + "00000000" + "00000000" + "00000000" + "00000004" + "00000000";
    private const string TrailerHeader = "070701000000030000" + "0000" + "00000000" + "00000000" + "00000001" + "00000000" + "00000000" + "00000000" + "00000000" + "00000000" + "00000000" + "0000000b" + "00000000";

    [Fact]
    public void A_file_brings_its_folder_and_is_padded_to_four_bytes()
    {
        var stream = new MemoryStream();
        var archive = new CpioArchive(stream);
        archive.AddFile("a/b", "hello"u8, executable: true);
        archive.End();

        Encoding.ASCII.GetString(stream.ToArray()).ShouldBe(
            FolderHeader + "a\0" + FileHeader + "a/b\0\0\0" + "hello\0\0\0" + TrailerHeader + "TRAILER!!!\0\0\0\0");
    }

    [Fact]
    public void A_folder_is_written_once()
    {
        var stream = new MemoryStream();
        var archive = new CpioArchive(stream);
        archive.AddFile("a/b", []);
        long withOne = stream.Length;
        archive.AddFile("a/c", []);
        (stream.Length - withOne).ShouldBe(110 + 6);
    }
}
