using System.Text;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;

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
    public void A_place_in_a_file_is_read_and_written_whatever_its_position()
    {
        string path = Path.Combine(folder.FullName, "file");
        File.WriteAllText(path, "0123456789");
        using FileDescriptor file = FileDescriptor.Open(path, OpenFlags.O_RDWR, out _)!;

        file.PositionedWrite("ab"u8, 4, out int written).ShouldBe(Errno.None);
        written.ShouldBe(2);
        byte[] buffer = new byte[4];
        file.PositionedRead(buffer, 3, out int count).ShouldBe(Errno.None);
        Encoding.ASCII.GetString(buffer, 0, count).ShouldBe("3ab6");
        file.Write("x"u8, out _).ShouldBe(Errno.None);
        File.ReadAllText(path).ShouldBe("x123ab6789");
        file.PositionedRead(buffer, -1, out count).ShouldBe(Errno.EINVAL);
        count.ShouldBe(0);
    }

    [Fact]
    public void A_duplicate_outlives_the_first_and_shares_its_position()
    {
        FileDescriptor first = Create("file", [1, 2, 3]);
        using FileDescriptor second = first.Duplicate(out Errno error).ShouldNotBeNull();
        error.ShouldBe(Errno.None);
        byte[] buffer = new byte[1];
        first.Read(buffer, out _);
        first.Dispose();

        second.Read(buffer, out _).ShouldBe(Errno.None);
        buffer.ShouldBe([2]);
        second.Control(GetDescriptorFlags, 0, out int flags).ShouldBe(Errno.None);
        flags.ShouldBe(CloseOnExec);
    }

    [Fact]
    public void A_command_that_a_file_does_not_know_is_refused()
    {
        using FileDescriptor file = Create("file", [1]);
        var status = new VfioGroupStatus { argsz = NativeSize.Of<VfioGroupStatus>() };

        file.Ioctl(VfioIoctl.VFIO_GROUP_GET_STATUS, ref status).ShouldBe(Errno.ENOTTY);
        file.Ioctl(VfioIoctl.VFIO_GET_API_VERSION, 0, out int result).ShouldBe(Errno.ENOTTY);
        result.ShouldBe(0);
        status.argsz.ShouldBe(8u);
    }

    [Fact]
    public void A_command_reads_and_writes_its_argument()
    {
        // Namespaces are the other thing whose commands have no direction in their numbers, and any user may open them.
        const uint GetType = ('\xB7' << 8) + 3;
        const uint GetOwner = ('\xB7' << 8) + 4;
        using FileDescriptor space = FileDescriptor.Open("/proc/self/ns/user", OpenFlags.O_RDONLY, out _).ShouldNotBeNull();

        space.Ioctl(GetType, 0, out int type).ShouldBe(Errno.None);
        type.ShouldBe(0x10000000, "CLONE_NEWUSER");
        uint owner = uint.MaxValue;
        space.Ioctl(GetOwner, ref owner).ShouldBe(Errno.None);
        owner.ShouldNotBe(uint.MaxValue);
        space.Ioctl(GetOwner, 8, out _).ShouldBe(Errno.EFAULT);
    }

    [Fact]
    public void No_descriptor_is_taken_over_from_a_failed_call() =>
        Should.Throw<ArgumentOutOfRangeException>(() => FileDescriptor.Adopt(-1));

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

    private const int GetDescriptorFlags = 1; // F_GETFD
    private const int CloseOnExec = 1; // FD_CLOEXEC

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
