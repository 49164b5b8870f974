using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>What goes from one end of a connection to the other, and how it ends.</summary>
public sealed class UnixSocketTransferTests : IDisposable
{
    private const int Plenty = 4 << 20; // more than a socket holds

    private readonly UnixSocket one;
    private readonly UnixSocket other;

    public UnixSocketTransferTests()
    {
        UnixSocket.CreatePair(out UnixSocket? first, out UnixSocket? second).ShouldBe(Errno.None);
        (one, other) = (first!, second!);
    }

    public void Dispose()
    {
        one.Dispose();
        other.Dispose();
    }

    [Fact]
    public void Bytes_arrive_in_order_whatever_they_were_sent_with()
    {
        Send([1, 2, 3]);
        Send([4]);
        Receive(2, out byte[] data).ShouldBe(Errno.None);
        data.ShouldBe([1, 2]);
        Receive(100, out data).ShouldBe(Errno.None);
        data.ShouldBe([3, 4]);
        Receive(100, out data).ShouldBe(Errno.EAGAIN);
        data.ShouldBeEmpty();
    }

    [Fact]
    public void The_end_of_a_peer_reads_as_nothing_after_all_it_has_sent()
    {
        Send([1]);
        one.Dispose();
        Receive(100, out byte[] data).ShouldBe(Errno.None);
        data.ShouldBe([1]);
        Receive(100, out data).ShouldBe(Errno.None);
        data.ShouldBeEmpty();
    }

    [Fact]
    public void Whoever_sends_to_a_peer_that_is_gone_is_told_by_EPIPE_and_lives_on()
    {
        other.Dispose();
        one.Send([1], [], wait: true, out int count).ShouldBe(Errno.EPIPE);
        count.ShouldBe(0);
    }

    [Fact]
    public void A_peer_that_goes_without_reading_all_resets_the_connection()
    {
        Send([1]);
        other.Dispose();
        one.Receive(new byte[1], [], wait: false, out int count).ShouldBe(Errno.ECONNRESET);
        count.ShouldBe(0);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(UnixSocket.MaxDescriptors)]
    public void Descriptors_come_along_in_order_and_are_not_inherited(int count)
    {
        MemoryFile[] files = [.. Enumerable.Range(0, count).Select(_ => MemoryFile.Create("sent", 1, 0, out Errno _).ShouldNotBeNull())];
        var arrived = new List<FileDescriptor>();
        try
        {
            one.Send([1, 2, 3], [.. files.Select(file => file.File)], wait: false, out int sent).ShouldBe(Errno.None);
            sent.ShouldBe(3);
            other.Receive(new byte[10], arrived, wait: false, out int received).ShouldBe(Errno.None);
            received.ShouldBe(3);

            arrived.Select(InodeOf).ShouldBe(files.Select(file => InodeOf(file.File)));
            arrived.Select(file => file.Number).Intersect(files.Select(file => file.File.Number)).ShouldBeEmpty("duplicates");
            foreach (FileDescriptor file in arrived)
            {
                file.Control(1, 0, out int flags).ShouldBe(Errno.None); // F_GETFD
                flags.ShouldBe(FileControl.FD_CLOEXEC);
            }
        }
        finally
        {
            arrived.ForEach(file => file.Dispose());
            Array.ForEach(files, file => file.Dispose());
        }
    }

    [Fact]
    public void More_descriptors_than_a_message_carries_are_not_sent()
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        FileDescriptor[] tooMany = [.. Enumerable.Repeat(signal.File, UnixSocket.MaxDescriptors + 1)];
        Should.Throw<ArgumentOutOfRangeException>(() => one.Send([1], tooMany, wait: false, out _));
        Receive(1, out _).ShouldBe(Errno.EAGAIN);
    }

    [Fact]
    public void A_receive_ends_behind_the_bytes_that_descriptors_came_with()
    {
        using EventFd first = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        using EventFd second = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        Send([1]);
        one.Send([2, 3], [first.File], wait: false, out _).ShouldBe(Errno.None);
        one.Send([4, 5], [second.File], wait: false, out _).ShouldBe(Errno.None);
        Send([6]);

        Receive(100, out byte[] data, out int descriptors).ShouldBe(Errno.None);
        (data, descriptors).ShouldBe(([1, 2, 3], 1), Comparer);
        Receive(1, out data, out descriptors).ShouldBe(Errno.None);
        (data, descriptors).ShouldBe(([4], 1), Comparer, "they come with the first byte that was sent with them");
        Receive(100, out data, out descriptors).ShouldBe(Errno.None);
        (data, descriptors).ShouldBe(([5, 6], 0), Comparer);
    }

    [Fact]
    public void What_a_socket_has_no_room_for_is_left_over_and_descriptors_go_with_the_first_part_alone()
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        byte[] sent = new byte[Plenty];
        new Random(1).NextBytes(sent);
        one.Send(sent, [signal.File], wait: false, out int count).ShouldBe(Errno.None);
        count.ShouldBeInRange(1, Plenty - 1);
        one.Send(sent.AsSpan(count), [], wait: false, out int none).ShouldBe(Errno.EAGAIN);
        none.ShouldBe(0);

        var received = new List<byte>();
        int descriptors = 0;
        int left = count;
        while (received.Count < Plenty)
        {
            Receive(Plenty, out byte[] data, out int came).ShouldBe(Errno.None);
            received.AddRange(data);
            descriptors += came;
            if (left < Plenty)
            {
                one.Send(sent.AsSpan(left), [], wait: false, out count).ShouldBe(Errno.None);
                left += count;
            }
        }

        received.ToArray().AsSpan().SequenceEqual(sent).ShouldBeTrue();
        descriptors.ShouldBe(1);
    }

    [Fact]
    public void A_wait_ends_with_its_time()
    {
        other.SetReceiveTimeout(TimeSpan.FromMilliseconds(20)).ShouldBe(Errno.None);
        other.Receive(new byte[1], [], wait: true, out int count).ShouldBe(Errno.EAGAIN);
        count.ShouldBe(0);

        one.SetSendTimeout(TimeSpan.FromMilliseconds(20)).ShouldBe(Errno.None);
        one.Send(new byte[Plenty], [], wait: true, out count).ShouldBe(Errno.None, "a part of it went");
        count.ShouldBeInRange(1, Plenty - 1);
        one.Send(new byte[Plenty], [], wait: true, out count).ShouldBe(Errno.EAGAIN);
        count.ShouldBe(0);
    }

    [Theory]
    [InlineData(0.0000001)]
    [InlineData(0.001)]
    public void However_short_a_time_is_it_is_not_for_ever(double seconds)
    {
        other.SetReceiveTimeout(TimeSpan.FromSeconds(seconds)).ShouldBe(Errno.None);
        other.Receive(new byte[1], [], wait: true, out _).ShouldBe(Errno.EAGAIN);
    }

    [Fact]
    public async Task Ending_a_connection_wakes_whoever_waits_in_it()
    {
        one.Send(new byte[Plenty], [], wait: false, out _);
        Task<(Errno, int)> receiver = Start(() => (one.Receive(new byte[1], [], wait: true, out int count), count));
        Task<(Errno, int)> sender = Start(() => (one.Send(new byte[1], [], wait: true, out int count), count));
        await Task.Delay(20, TestContext.Current.CancellationToken);
        (receiver.IsCompleted || sender.IsCompleted).ShouldBeFalse("both wait");

        one.Shutdown();

        await Task.WhenAll(receiver, sender).Soon();
        (await receiver).ShouldBe((Errno.None, 0));
        (await sender).ShouldBe((Errno.EPIPE, 0));
        other.Send([1], [], wait: false, out _).ShouldBe(Errno.EPIPE);
        while (Receive(Plenty, out byte[] data) == Errno.None && data.Length > 0)
        {
            // What was sent before arrives.
        }

        Receive(1, out byte[] end).ShouldBe(Errno.None);
        end.ShouldBeEmpty();
    }

    [Fact]
    public void Ending_what_is_closed_does_nothing()
    {
        one.Dispose();
        one.Shutdown();
        Should.Throw<ObjectDisposedException>(() => one.Send([1], [], wait: false, out _));
        Should.Throw<ObjectDisposedException>(() => one.Receive(new byte[1], [], wait: false, out _));
    }

    [Fact]
    public void A_closed_descriptor_stops_what_it_was_to_go_with_and_the_others_are_let_go_of()
    {
        EventFd closed = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        closed.Dispose();
        UnixSocket.CreatePair(out UnixSocket? lent, out UnixSocket? watcher).ShouldBe(Errno.None);
        using (watcher)
        {
            Should.Throw<ObjectDisposedException>(() => one.Send([1], [lent!.File, closed.File], wait: false, out _));
            Receive(1, out _).ShouldBe(Errno.EAGAIN);
            lent!.Dispose();
            watcher!.Receive(new byte[1], [], wait: false, out int count).ShouldBe(Errno.None, "it is closed, for nobody holds it");
            count.ShouldBe(0);
        }
    }

    [Fact]
    public void Bytes_go_and_come_without_allocation()
    {
        byte[] data = new byte[16];
        var descriptors = new List<FileDescriptor>();
        Allocations.Of(Exchange, times: 1000).ShouldBe(0);

        void Exchange()
        {
            one.Send(data, [], wait: false, out _);
            other.Receive(data, descriptors, wait: false, out _);
        }
    }

    private static IEqualityComparer<(byte[] Data, int Descriptors)> Comparer { get; } = EqualityComparer<(byte[] Data, int Descriptors)>.Create(
        (left, right) => left.Data.AsSpan().SequenceEqual(right.Data) && left.Descriptors == right.Descriptors);

    private static Task<T> Start<T>(Func<T> wait) =>
        Task.Factory.StartNew(wait, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private static ulong InodeOf(FileDescriptor file)
    {
        file.GetStatus(out Statx status).ShouldBe(Errno.None);
        return status.stx_ino;
    }

    private void Send(byte[] data)
    {
        one.Send(data, [], wait: false, out int count).ShouldBe(Errno.None);
        count.ShouldBe(data.Length);
    }

    private Errno Receive(int room, out byte[] data) => Receive(room, out data, out _);

    private Errno Receive(int room, out byte[] data, out int descriptors)
    {
        byte[] buffer = new byte[room];
        var arrived = new List<FileDescriptor>();
        Errno error = other.Receive(buffer, arrived, wait: false, out int count);
        data = buffer[..count];
        descriptors = arrived.Count;
        arrived.ForEach(file => file.Dispose());
        return error;
    }
}
