using System.Globalization;
using System.Net;
using System.Net.Sockets;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>How two sockets come to be connected.</summary>
public sealed class UnixSocketTests : IDisposable
{
    private const int GetDescriptorFlags = 1; // F_GETFD
    private const int Duplicate = 0; // F_DUPFD
    private const uint OwnerOnly = 0x180; // rw-------
    private const uint Permissions = 0xFFF;
    private const int MaxPathLength = 107;

    private readonly DirectoryInfo folder = Directory.CreateTempSubdirectory("vfiosharp-");

    private string SocketPath => Path.Combine(folder.FullName, "socket");

    public void Dispose() => folder.Delete(recursive: true);

    [Fact]
    public void Who_connects_is_accepted_in_turn_and_both_ends_are_one_connection()
    {
        using UnixSocket listener = Listen();
        listener.Accept(out Errno error).ShouldBeNull();
        error.ShouldBe(Errno.EAGAIN);

        using UnixSocket first = Connect();
        using UnixSocket second = Connect();
        using UnixSocket firstEnd = listener.Accept(out error).ShouldNotBeNull();
        error.ShouldBe(Errno.None);
        using UnixSocket secondEnd = listener.Accept(out _).ShouldNotBeNull();
        listener.Accept(out error).ShouldBeNull();

        first.Send([1], [], wait: true, out _);
        second.Send([2], [], wait: true, out _);
        ReceiveByte(firstEnd).ShouldBe(1);
        ReceiveByte(secondEnd).ShouldBe(2);
    }

    [Fact]
    public void No_socket_is_inherited_and_a_connected_one_waits_when_it_is_asked_to()
    {
        using UnixSocket listener = Listen();
        using UnixSocket connected = Connect();
        using UnixSocket accepted = listener.Accept(out _).ShouldNotBeNull();
        UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? other).ShouldBe(Errno.None);
        using (one)
        using (other)
        {
            foreach (UnixSocket socket in (UnixSocket[])[connected, accepted, one!, other!])
            {
                Flags(socket.File, GetDescriptorFlags).ShouldBe(FileControl.FD_CLOEXEC);
                (Flags(socket.File, FileControl.F_GETFL) & OpenFlags.O_NONBLOCK).ShouldBe(0);
            }
        }

        Flags(listener.File, GetDescriptorFlags).ShouldBe(FileControl.FD_CLOEXEC);
        (Flags(listener.File, FileControl.F_GETFL) & OpenFlags.O_NONBLOCK).ShouldBe(OpenFlags.O_NONBLOCK, "whoever accepts never waits");
    }

    [Fact]
    public void A_pair_is_connected()
    {
        UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? other).ShouldBe(Errno.None);
        using (one)
        using (other)
        {
            one!.Send([7], [], wait: true, out int count).ShouldBe(Errno.None);
            count.ShouldBe(1);
            ReceiveByte(other!).ShouldBe(7);
            other!.Send([8], [], wait: true, out _);
            ReceiveByte(one).ShouldBe(8);
        }
    }

    [Fact]
    public void A_listener_has_room_for_as_many_as_it_said_and_the_next_is_told_to_come_again()
    {
        const int Backlog = 3;
        using UnixSocket listener = UnixSocket.Listen(SocketPath, OwnerOnly, Backlog, out _).ShouldNotBeNull();
        UnixSocket[] waiting = [.. Enumerable.Range(0, Backlog + 1).Select(_ => Connect())]; // the kernel lets one more in than it is told
        UnixSocket.Connect(SocketPath, out Errno error).ShouldBeNull();
        error.ShouldBe(Errno.EAGAIN);

        listener.Accept(out _).ShouldNotBeNull().Dispose();
        Connect().Dispose();
        Array.ForEach(waiting, socket => socket.Dispose());
    }

    [Fact]
    public void Where_nobody_listens_the_reason_is_said()
    {
        UnixSocket.Connect(SocketPath, out Errno error).ShouldBeNull();
        error.ShouldBe(Errno.ENOENT);

        Listen().Dispose();
        UnixSocket.Connect(SocketPath, out error).ShouldBeNull();
        error.ShouldBe(Errno.ECONNREFUSED);

        // What is left of a listener stands in the way of the next.
        UnixSocket.Listen(SocketPath, OwnerOnly, 1, out error).ShouldBeNull();
        error.ShouldBe(Errno.EADDRINUSE);

        File.WriteAllText(Path.Combine(folder.FullName, "file"), "");
        UnixSocket.Connect(Path.Combine(folder.FullName, "file"), out error).ShouldBeNull();
        error.ShouldBe(Errno.ECONNREFUSED);
        UnixSocket.Listen(Path.Combine(folder.FullName, "none", "socket"), OwnerOnly, 1, out error).ShouldBeNull();
        error.ShouldBe(Errno.ENOENT);
    }

    [Theory]
    [InlineData('p')]
    [InlineData('ü')] // two bytes
    public void A_path_has_at_most_107_bytes(char letter)
    {
        int width = letter < 0x80 ? 1 : 2;
        int left = MaxPathLength - folder.FullName.Length - 1;
        string longest = Path.Combine(folder.FullName, new string('x', left % width) + new string(letter, left / width));
        using UnixSocket listener = UnixSocket.Listen(longest, OwnerOnly, 1, out Errno error).ShouldNotBeNull();
        File.Exists(longest).ShouldBeTrue();
        using UnixSocket client = UnixSocket.Connect(longest, out error).ShouldNotBeNull();

        UnixSocket.Listen(longest + "x", OwnerOnly, 1, out error).ShouldBeNull();
        error.ShouldBe(Errno.ENAMETOOLONG);
        UnixSocket.Connect(longest + "x", out error).ShouldBeNull();
        error.ShouldBe(Errno.ENAMETOOLONG);
    }

    [Theory]
    [InlineData("")] // the kernel would make up a name
    [InlineData("\0name")] // a name outside of the file system
    [InlineData("socket\0more")]
    public void What_is_no_path_is_refused(string name)
    {
        string path = name.StartsWith("socket", StringComparison.Ordinal) ? Path.Combine(folder.FullName, name) : name;
        UnixSocket.Listen(path, OwnerOnly, 1, out Errno error).ShouldBeNull();
        error.ShouldBe(Errno.ENOENT);
        UnixSocket.Connect(path, out error).ShouldBeNull();
        error.ShouldBe(Errno.ENOENT);
        folder.EnumerateFileSystemInfos().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0x180u)] // rw-------
    [InlineData(0x1B0u)] // rw-rw----
    [InlineData(0x1B6u)] // rw-rw-rw-
    public void The_file_has_the_permissions_that_were_said_from_its_first_moment_on(uint mode)
    {
        string line = File.ReadLines("/proc/self/status").Single(text => text.StartsWith("Umask:", StringComparison.Ordinal));
        uint expected = mode & ~Convert.ToUInt32(line[6..].Trim(), 8);
        var seen = new HashSet<uint>();
        using var done = new CancellationTokenSource();
        var watcher = new Thread(() =>
        {
            while (!done.IsCancellationRequested)
            {
                if (ModeOf(SocketPath) is { } current)
                {
                    seen.Add(current);
                }
            }
        });
        watcher.Start();
        for (int i = 0; i < Fuzz.Iterations(200); i++)
        {
            UnixSocket.Listen(SocketPath, mode, 1, out Errno error).ShouldNotBeNull(error.ToString()).Dispose();
            ModeOf(SocketPath).ShouldBe(expected);
            File.Delete(SocketPath);
        }

        done.Cancel();
        watcher.Join();
        seen.Except([expected]).ShouldBeEmpty();
    }

    [Fact]
    public void A_listener_that_somebody_else_has_made_is_taken_over()
    {
        using Socket made = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        made.Bind(new UnixDomainSocketEndPoint(SocketPath));
        made.Listen(4);
        int descriptor = InheritableDuplicate(made);

        using (UnixSocket listener = UnixSocket.FromListener(descriptor).ShouldNotBeNull())
        {
            Flags(listener.File, GetDescriptorFlags).ShouldBe(FileControl.FD_CLOEXEC);
            listener.Accept(out Errno error).ShouldBeNull();
            error.ShouldBe(Errno.EAGAIN, "it does not wait");
            using UnixSocket client = Connect();
            listener.Accept(out error).ShouldNotBeNull().Dispose();
        }
    }

    [Fact]
    public void What_is_no_listener_stays_its_owner_s_as_it_was()
    {
        using Socket bound = new(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        bound.Bind(new UnixDomainSocketEndPoint(SocketPath));
        using Socket datagrams = new(AddressFamily.Unix, SocketType.Dgram, ProtocolType.Unspecified);
        using Socket packets = new(AddressFamily.Unix, SocketType.Seqpacket, ProtocolType.Unspecified);
        packets.Bind(new UnixDomainSocketEndPoint(SocketPath + "-packets"));
        packets.Listen(1);
        using Socket internet = new(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        internet.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        internet.Listen(1);
        foreach (Socket socket in (Socket[])[bound, datagrams, packets, internet])
        {
            int descriptor = InheritableDuplicate(socket);
            UnixSocket.FromListener(descriptor).ShouldBeNull();
            using var still = FileDescriptor.Adopt(descriptor);
            Flags(still, GetDescriptorFlags).ShouldBe(0);
        }

        using FileDescriptor file = FileDescriptor.Open("/proc/self/status", OpenFlags.O_RDONLY, out _).ShouldNotBeNull();
        UnixSocket.FromListener(file.Number).ShouldBeNull();
        file.Read(new byte[1], out int count).ShouldBe(Errno.None);
        count.ShouldBe(1);

        UnixSocket.FromListener(int.MaxValue).ShouldBeNull("there is no such descriptor");
        Should.Throw<ArgumentOutOfRangeException>(() => UnixSocket.FromListener(-1));
    }

    [Fact]
    public void Both_ends_know_who_is_at_the_other()
    {
        using UnixSocket listener = Listen();
        using UnixSocket client = Connect();
        using UnixSocket accepted = listener.Accept(out _).ShouldNotBeNull();
        foreach (UnixSocket socket in (UnixSocket[])[client, accepted])
        {
            socket.GetPeer(out PeerCredentials peer).ShouldBe(Errno.None);
            peer.pid.ShouldBe(Environment.ProcessId);
            peer.uid.ShouldBe(Effective("Uid:"));
            peer.gid.ShouldBe(Effective("Gid:"));
        }
    }

    private static uint Effective(string name) => uint.Parse(
        File.ReadLines("/proc/self/status").Single(text => text.StartsWith(name, StringComparison.Ordinal)).Split('\t')[2], CultureInfo.InvariantCulture);

    private static uint? ModeOf(string path)
    {
        using FileDescriptor? file = FileDescriptor.Open(path, OpenFlags.O_PATH, out _);
        return file is not null && file.GetStatus(out Statx status) == Errno.None ? status.stx_mode & Permissions : null;
    }

    private static int Flags(FileDescriptor file, int command)
    {
        file.Control(command, 0, out int flags).ShouldBe(Errno.None);
        return flags;
    }

    private static int InheritableDuplicate(Socket socket)
    {
        var borrowed = FileDescriptor.Adopt((int)socket.Handle);
        int descriptor = Libc.fcntl(borrowed, Duplicate, 0);
        borrowed.SetHandleAsInvalid();
        descriptor.ShouldBeGreaterThanOrEqualTo(0);
        return descriptor;
    }

    private static int ReceiveByte(UnixSocket socket)
    {
        byte[] data = new byte[2];
        socket.Receive(data, [], wait: true, out int count).ShouldBe(Errno.None);
        count.ShouldBe(1);
        return data[0];
    }

    private UnixSocket Listen() => UnixSocket.Listen(SocketPath, OwnerOnly, 16, out _).ShouldNotBeNull();

    private UnixSocket Connect()
    {
        UnixSocket? socket = UnixSocket.Connect(SocketPath, out Errno error);
        error.ShouldBe(Errno.None);
        return socket.ShouldNotBeNull();
    }
}
