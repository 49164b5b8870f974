using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>Waiting for descriptors and for locks.</summary>
public sealed class FileDescriptorWaitTests : IDisposable
{
    private const uint ProcMagic = 0x9FA0; // PROC_SUPER_MAGIC

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vfiosharp-");
    private readonly UnixSocket one;
    private readonly UnixSocket other;

    public FileDescriptorWaitTests()
    {
        UnixSocket.CreatePair(out UnixSocket? first, out UnixSocket? second).ShouldBe(Errno.None);
        (one, other) = (first!, second!);
    }

    public void Dispose()
    {
        one.Dispose();
        other.Dispose();
        folder.Delete(recursive: true);
    }

    [Fact]
    public void Input_is_ready_when_there_is_some_and_when_there_will_be_none()
    {
        other.File.IsReady(PollFlags.POLLIN).ShouldBeFalse();
        other.File.IsReady(PollFlags.POLLIN, timeout: 1).ShouldBeFalse();
        one.Send([1], [], wait: false, out _);
        other.File.IsReady(PollFlags.POLLIN).ShouldBeTrue();
        other.Receive(new byte[1], [], wait: false, out _);
        other.File.IsReady(PollFlags.POLLIN).ShouldBeFalse();
        one.Dispose();
        other.File.IsReady(PollFlags.POLLIN).ShouldBeTrue();
    }

    [Fact]
    public void Output_is_ready_while_there_is_room()
    {
        one.File.IsReady(PollFlags.POLLOUT).ShouldBeTrue();
        while (one.Send(new byte[1 << 16], [], wait: false, out _) == Errno.None)
        {
            // until it is full
        }

        one.File.IsReady(PollFlags.POLLOUT).ShouldBeFalse();
        other.Dispose();
        one.File.IsReady(PollFlags.POLLOUT).ShouldBeTrue("it fails at once");
    }

    [Fact]
    public async Task A_wait_for_input_ends_when_it_comes()
    {
        Task<bool> waiter = Start(() => other.File.IsReady(PollFlags.POLLIN, Timeout.Infinite));
        await Task.Delay(20, TestContext.Current.CancellationToken);
        waiter.IsCompleted.ShouldBeFalse();
        one.Send([1], [], wait: false, out _);
        await waiter.Soon();
        (await waiter).ShouldBeTrue();
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task A_wait_for_either_of_two_ends_with_the_first(bool first)
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        Task<bool> waiter = Start(() =>
        {
            other.File.WaitForInput(signal.File);
            return true;
        });
        await Task.Delay(20, TestContext.Current.CancellationToken);
        waiter.IsCompleted.ShouldBeFalse();
        if (first)
        {
            one.Send([1], [], wait: false, out _);
        }
        else
        {
            signal.Signal();
        }

        await waiter.Soon();
    }

    [Fact]
    public void What_is_closed_is_not_waited_for()
    {
        EventFd closed = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        closed.Dispose();
        Should.Throw<ObjectDisposedException>(() => closed.File.IsReady(PollFlags.POLLIN));
        Should.Throw<ObjectDisposedException>(() => other.File.WaitForInput(closed.File));
        other.Dispose();
        one.Send([1], [], wait: false, out _).ShouldBe(Errno.EPIPE, "nobody holds the other end any more");
    }

    [Fact]
    public void Asking_allocates_nothing()
    {
        Allocations.Of(() => one.File.IsReady(PollFlags.POLLOUT), times: 1000).ShouldBe(0);
    }

    [Fact]
    public async Task A_lock_waits_for_whoever_has_it()
    {
        FileDescriptor first = OpenFolder();
        first.Lock().ShouldBe(Errno.None);
        first.Lock().ShouldBe(Errno.None, "it has it already");
        using FileDescriptor second = OpenFolder();
        Task<Errno> waiter = Start(second.Lock);
        await Task.Delay(20, TestContext.Current.CancellationToken);
        waiter.IsCompleted.ShouldBeFalse();
        first.Dispose();
        await waiter.Soon();
        (await waiter).ShouldBe(Errno.None);
    }

    [Fact]
    public void File_systems_are_told_apart()
    {
        using MemoryFile memory = MemoryFile.Create("test", 1, 0, out _)!;
        memory.File.GetFileSystem(out uint type).ShouldBe(Errno.None);
        type.ShouldBe(FileSystemStatus.TMPFS_MAGIC);
        using FileDescriptor proc = FileDescriptor.Open("/proc/self/status", OpenFlags.O_RDONLY, out _)!;
        proc.GetFileSystem(out type).ShouldBe(Errno.None);
        type.ShouldBe(ProcMagic);
    }

    private static Task<T> Start<T>(Func<T> wait) =>
        Task.Factory.StartNew(wait, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private FileDescriptor OpenFolder() => FileDescriptor.Open(folder.FullName, OpenFlags.O_RDONLY | MachineAbi.Current.O_DIRECTORY, out _).ShouldNotBeNull();
}
