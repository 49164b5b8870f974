using System.Text;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

public sealed class FileDescriptorTests : IDisposable
{
    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vfiosharp-");

    public void Dispose() => folder.Delete(recursive: true);

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(32 << 10)]
    [InlineData((32 << 10) + 1)]
    [InlineData(200_000)]
    public void A_file_is_read_to_its_end(int length)
    {
        byte[] content = new byte[length];
        new Random(length).NextBytes(content);
        using FileDescriptor file = Create("file", content);

        FileReader.ReadToEnd(file, length, out byte[] read).ShouldBe(Errno.None);
        read.ShouldBe(content);
    }

    [Fact]
    public void A_file_beyond_the_limit_is_too_big()
    {
        using FileDescriptor file = Create("file", new byte[1001]);

        FileReader.ReadToEnd(file, 1000, out byte[] read).ShouldBe(Errno.EFBIG);
        read.ShouldBeEmpty();
    }

    [Fact]
    public void Files_of_procfs_are_read_though_they_say_they_are_empty()
    {
        new FileInfo("/proc/cpuinfo").Length.ShouldBe(0);
        using FileDescriptor? file = FileDescriptor.Open("/proc/cpuinfo", OpenFlags.O_RDONLY, out Errno error);
        error.ShouldBe(Errno.None);

        FileReader.ReadToEnd(file!, 16 << 20, out byte[] read).ShouldBe(Errno.None);
        Encoding.UTF8.GetString(read).ShouldContain("processor");
    }

    [Fact]
    public void A_path_with_a_nul_is_no_path()
    {
        File.WriteAllText(Path.Combine(folder.FullName, "file"), "");

        FileDescriptor.Open(Path.Combine(folder.FullName, "file\0more"), OpenFlags.O_RDONLY, out Errno error).ShouldBeNull();
        error.ShouldBe(Errno.ENOENT);
    }

    [Fact]
    public void Names_come_from_as_many_calls_as_it_takes()
    {
        string[] names = [.. Enumerable.Range(0, 3000).Select(i => $"{i:D4}-{new string('n', 40)}-ü")];
        foreach (string name in names)
        {
            File.Create(Path.Combine(folder.FullName, name)).Dispose();
        }

        using FileDescriptor? opened = FileDescriptor.Open(folder.FullName, MachineAbi.Current.O_DIRECTORY, out _);
        var found = new List<string>();
        opened!.ReadNames(found).ShouldBe(Errno.None);

        found.Order(StringComparer.Ordinal).ShouldBe(names);
    }

    [Fact]
    public void Descriptors_are_closed_and_not_inherited()
    {
        FileDescriptor file = Create("file", []);
        string flags = File.ReadAllText($"/proc/self/fdinfo/{file.DangerousGetHandle()}");
        Convert.ToInt32(flags.Split('\n').Single(line => line.StartsWith("flags:", StringComparison.Ordinal))[6..].Trim(), 8)
            .ShouldBe(OpenFlags.O_CLOEXEC | LargeFile, "opened for reading, close-on-exec");
        file.Dispose();

        Should.Throw<ObjectDisposedException>(() => file.Read(new byte[1], out _));
    }

    [Fact]
    public void The_machine_is_named_as_uname_does()
    {
        Machine.Name.ShouldBe(System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
        {
            System.Runtime.InteropServices.Architecture.X64 => "x86_64",
            System.Runtime.InteropServices.Architecture.Arm64 => "aarch64",
            _ => Machine.Name,
        });
        Machine.Name.ShouldNotBe("unknown");
    }

    [Fact]
    public void Capabilities_are_those_that_procfs_shows()
    {
        string line = File.ReadAllLines("/proc/thread-self/status").Single(text => text.StartsWith("CapEff:", StringComparison.Ordinal));
        ulong effective = Convert.ToUInt64(line[7..].Trim(), 16);
        for (int capability = 0; capability < 64; capability++)
        {
            Machine.HasCapability(capability).ShouldBe((effective >> capability & 1) != 0, $"capability {capability}");
        }
    }

    // 64-bit kernels add O_LARGEFILE by themselves; its value differs by architecture and nothing but this test sees it.
    private static int LargeFile => System.Runtime.InteropServices.RuntimeInformation.ProcessArchitecture switch
    {
        System.Runtime.InteropServices.Architecture.Arm64 => 0x20000,
        System.Runtime.InteropServices.Architecture.Ppc64le => 0x10000,
        _ => 0x8000,
    };

    private FileDescriptor Create(string name, byte[] content)
    {
        string path = Path.Combine(folder.FullName, name);
        File.WriteAllBytes(path, content);
        return FileDescriptor.Open(path, OpenFlags.O_RDONLY, out _)!;
    }
}
