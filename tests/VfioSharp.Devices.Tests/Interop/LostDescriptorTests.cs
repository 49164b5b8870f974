using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>Descriptors that come when the process has no room for them. Lowers the limit of the whole process, so nothing else may run.</summary>
[Collection(nameof(Alone))]
public sealed class LostDescriptorTests
{
    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    public void They_are_told_as_lost_and_those_there_was_room_for_are_the_caller_s(int room)
    {
        UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? other).ShouldBe(Errno.None);
        using MemoryFile file = MemoryFile.Create(ProcessFiles.UniqueName(), 1, 0, out _).ShouldNotBeNull();
        var arrived = new List<FileDescriptor>();
        byte[] data = new byte[10];
        using (one)
        using (other)
        {
            one!.Send([1, 2], [file.File, file.File, file.File], wait: false, out _).ShouldBe(Errno.None);
            Errno error = default;
            int count = 0;
            WithRoomFor(room, () => error = other!.Receive(data, arrived, wait: false, out count));

            error.ShouldBe(Errno.EMFILE);
            count.ShouldBe(2, "the bytes are there");
            arrived.Count.ShouldBe(room);
            arrived.ForEach(descriptor => descriptor.Dispose());

            // The connection goes on.
            one.Send([3], [file.File], wait: false, out _).ShouldBe(Errno.None);
            other!.Receive(data, arrived, wait: false, out count).ShouldBe(Errno.None);
            (data[0], count, arrived.Count).ShouldBe(((byte)3, 1, room + 1));
            arrived[^1].Dispose();
        }
    }

    [Fact]
    public void What_needs_a_descriptor_says_so()
    {
        string path = Path.Combine(Path.GetTempPath(), ProcessFiles.UniqueName());
        UnixSocket? socket = null;
        Errno[] errors = new Errno[4];
        WithRoomFor(0, () =>
        {
            socket = UnixSocket.Listen(path, 0x180, 1, out errors[0]) ?? UnixSocket.Connect(path, out errors[1]);
            errors[2] = UnixSocket.CreatePair(out _, out _);
            EventFd.Create(0, out errors[3]);
        });
        socket.ShouldBeNull();
        errors.ShouldBe([Errno.EMFILE, Errno.EMFILE, Errno.EMFILE, Errno.EMFILE]);
        File.Exists(path).ShouldBeFalse();
    }

    // The kernel gives the lowest number that is free and below the limit. What earlier tests left to the finalizer must not become free meanwhile.
    private static void WithRoomFor(int count, Action step)
    {
        GC.Collect();
        GC.WaitForPendingFinalizers();
        Machine.GetLimit(ResourceLimits.RLIMIT_NOFILE, out ResourceLimit limit).ShouldBe(Errno.None);
        EventFd[] probes = [.. Enumerable.Range(0, count + 1).Select(_ => EventFd.Create(0, out Errno _).ShouldNotBeNull())];
        int next = probes.Max(probe => probe.File.Number);
        Libc.setrlimit(ResourceLimits.RLIMIT_NOFILE, limit with { rlim_cur = (ulong)next }).ShouldBe(0);
        var fillers = new List<EventFd>();
        try
        {
            while (EventFd.Create(0, out Errno _) is { } filler)
            {
                fillers.Add(filler);
            }

            Array.ForEach(probes, probe => probe.Dispose());
            step();
        }
        finally
        {
            Libc.setrlimit(ResourceLimits.RLIMIT_NOFILE, in limit).ShouldBe(0);
            fillers.ForEach(filler => filler.Dispose());
        }
    }
}
