using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>Eventfds that a peer gave: they may be something else, and what they are the peer goes on using.</summary>
public sealed class PeerEventFdTests : IDisposable
{
    private const ulong Full = ulong.MaxValue - 1;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vfiosharp-");

    public static TheoryData<string> Others =>
        ["pipe to read", "pipe to write", "socket", "file", "file of that name", "memory", "folder", "null", "timer", "watch", "epoll", "process"];

    public void Dispose() => folder.Delete(recursive: true);

    [Theory, MemberData(nameof(Others))]
    public void What_is_something_else_is_refused_and_stays_the_caller_s(string what)
    {
        using FileDescriptor file = Open(what);
        EventFd.FromPeer(file).ShouldBeNull();
        file.GetStatus(out _).ShouldBe(Errno.None, "it is open still");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(EventFdFlags.EFD_NONBLOCK)]
    [InlineData(EventFdFlags.EFD_SEMAPHORE)]
    public void One_that_counts_is_taken_whatever_its_kind_and_signalled(int flags)
    {
        using EventFd own = EventFd.Create(flags, out _)!;
        using (EventFd peer = Give(own))
        {
            peer.Signal().ShouldBe(Errno.None);
            peer.Signal(2).ShouldBe(Errno.None);
        }

        own.Read(out ulong count).ShouldBe(Errno.None);
        count.ShouldBe(flags == EventFdFlags.EFD_SEMAPHORE ? 1UL : 3);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(EventFdFlags.EFD_NONBLOCK)]
    public async Task A_full_one_is_not_waited_for(int flags)
    {
        using EventFd own = EventFd.Create(flags, out _)!;
        using EventFd peer = Give(own);
        own.Signal(Full).ShouldBe(Errno.None);
        Task<Errno> signal = Start(() => peer.Signal());
        await signal.Soon();
        (await signal).ShouldBe(Errno.EAGAIN);

        own.Read(out ulong count).ShouldBe(Errno.None);
        count.ShouldBe(Full);
        peer.Signal().ShouldBe(Errno.None, "there is room again");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(EventFdFlags.EFD_NONBLOCK)]
    public async Task One_that_the_kernel_has_filled_beyond_what_writes_can_is_not_waited_for(int flags)
    {
        using EventFd own = EventFd.Create(flags, out _)!;
        using EventFd peer = Give(own);
        own.Signal(Full).ShouldBe(Errno.None);
        Assert.SkipUnless(Natives.SignalByKernel(own), "This kernel has no asynchronous reads.");
        Task<Errno> signal = Start(() => peer.Signal());
        await signal.Soon();
        (await signal).ShouldBe(Errno.EAGAIN);
        own.Read(out ulong count).ShouldBe(Errno.None);
        count.ShouldBe(ulong.MaxValue);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(EventFdFlags.EFD_NONBLOCK)]
    public async Task Draining_takes_what_is_there_and_waits_for_nothing(int flags)
    {
        using EventFd own = EventFd.Create(flags, out _)!;
        using EventFd peer = Give(own);
        own.Signal(5);
        peer.Drain();
        own.File.IsReady(PollFlags.POLLIN).ShouldBeFalse();
        await Start(peer.Drain).Soon();
    }

    [Fact]
    public async Task Whoever_waits_for_room_goes_on_when_it_is_drained()
    {
        using EventFd own = EventFd.Create(0, out _)!;
        using EventFd peer = Give(own);
        own.Signal(Full);
        Task writer = Start(() => own.Signal(7));
        await Task.Delay(20, TestContext.Current.CancellationToken);
        writer.IsCompleted.ShouldBeFalse();
        peer.Drain();
        await writer.Soon();
        own.Read(out ulong count).ShouldBe(Errno.None);
        count.ShouldBe(7UL);
    }

    [Fact]
    public async Task Draining_waits_for_nothing_though_somebody_else_takes_the_count_at_that_moment()
    {
        using EventFd own = EventFd.Create(0, out _)!;
        EventFd[] peers = [Give(own), Give(own)];
        int rounds = Fuzz.Iterations(3000);
        int done = 0;
        int begun = 0;
        try
        {
            await Task.WhenAll(peers.Select((peer, index) => Start(() =>
            {
                for (int round = 1; round <= rounds; round++)
                {
                    // A signal a round, when both are out of the one before: nothing else would wake who waits.
                    if (index == 0)
                    {
                        Patience.Until(() => Volatile.Read(ref done) == (round - 1) * peers.Length);
                        own.Signal();
                        Volatile.Write(ref begun, round);
                    }

                    for (int spins = 0; spins < 10_000 && Volatile.Read(ref begun) != round; spins++)
                    {
                        // No call here: the two are to be at it in the same microsecond.
                    }

                    Patience.Until(() => Volatile.Read(ref begun) == round);
                    Thread.SpinWait(index == 0 ? round % 64 : 0);
                    peer.Drain();
                    Interlocked.Increment(ref done);
                }
            }))).Soon();
        }
        finally
        {
            own.Signal(2); // for those who wait all the same
            Array.ForEach(peers, peer => peer.Dispose());
        }
    }

    private static EventFd Give(EventFd own) => EventFd.FromPeer(own.File.Duplicate(out _).ShouldNotBeNull()).ShouldNotBeNull();

    private static Task Start(Action step) => Task.Factory.StartNew(step, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static Task<T> Start<T>(Func<T> step) => Task.Factory.StartNew(step, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private FileDescriptor Open(string what)
    {
        switch (what)
        {
            case "pipe to read":
                (FileDescriptor reader, FileDescriptor other) = Natives.Pipe();
                other.Dispose();
                return reader;
            case "pipe to write":
                (other, FileDescriptor writer) = Natives.Pipe();
                other.Dispose();
                return writer;
            case "socket":
                UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? two).ShouldBe(Errno.None);
                two!.Dispose();
                return one!.File;
            case "memory":
                return MemoryFile.Create("anon_inode:[eventfd]", 8, 0, out _)!.File;
            case "timer":
                return Natives.Timer();
            case "watch":
                return Natives.Watch();
            case "epoll":
                return Natives.Epoll();
            default:
                string path = what switch
                {
                    "file" => Path.Combine(folder.FullName, "file"),
                    "file of that name" => Path.Combine(folder.FullName, "anon_inode:[eventfd]"),
                    "folder" => folder.FullName,
                    "null" => "/dev/null",
                    _ => "/proc/self/ns/pid",
                };
                if (path.StartsWith(folder.FullName + "/", StringComparison.Ordinal))
                {
                    File.WriteAllText(path, "");
                }

                return FileDescriptor.Open(path, what.StartsWith("file", StringComparison.Ordinal) ? OpenFlags.O_RDWR : OpenFlags.O_RDONLY, out _).ShouldNotBeNull();
        }
    }
}
