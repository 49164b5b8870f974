using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Transport;

public sealed class OutputBufferTests : IDisposable
{
    private const int Piece = 32 << 10; // what the kernel takes wholly or not at all

    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(500, longFactor: 50));

    private static readonly Gen<Step> Steps =
        from length in Gen.Frequency((10, Gen.Choose(0, 100)), (3, Gen.Choose(5_000, 20_000)), (1, Gen.Choose(Piece - 40, Piece + 40)), (1, Gen.Choose(60_000, 200_000)))
        from files in Gen.Frequency((5, Gen.Constant(0)), (1, Gen.Choose(1, 3)))
        from spare in Gen.Choose(0, 50)
        from sends in Gen.ListOf(Gen.Frequency((2, Gen.Constant(int.MaxValue)), (1, Gen.Constant(0)), (2, Gen.Choose(1, 40)), (2, Gen.Choose(1, Piece))))
        select new Step(length, files, spare, [.. sends.Take(4)]);

    private readonly OutputBuffer output = new();

    public void Dispose() => output.Dispose();

    [Fact]
    public void Messages_are_sent_together()
    {
        Add(1, [1, 2]);
        Add(2, []);
        Add(3, [3]);
        output.Length.ShouldBe(51);
        Next().ShouldBe([.. Reply(1, [1, 2]), .. Reply(2, []), .. Reply(3, [3])]);
        output.Sent(51);
        output.Length.ShouldBe(0);
    }

    [Fact]
    public void What_is_added_stands_in_the_room_that_was_reserved()
    {
        Span<byte> room = output.Reserve(8);
        room.Length.ShouldBe(8);
        room.Fill(7);
        output.Commit(new MessageHeader { Id = 1, Command = MessageCommand.RegionRead, Flags = MessageFlags.Reply }, 3, []).ToArray().ShouldBe([7, 7, 7]);
        Next().ShouldBe(RawPeer.Message(1, Commands.RegionRead, [7, 7, 7], RawPeer.Reply));
    }

    [Fact]
    public void The_room_stays_where_it_is_though_all_before_it_is_sent()
    {
        Add(1, [1]);
        Span<byte> room = output.Reserve(2);
        Next();
        output.Sent(17);
        output.Length.ShouldBe(0);
        room.Fill(9);
        output.Commit(new MessageHeader { Id = 2, Command = MessageCommand.RegionRead, Flags = MessageFlags.Reply }, 2, []);
        Next().ShouldBe(Reply(2, [9, 9]));
    }

    [Fact]
    public void Nothing_is_sent_of_what_was_released()
    {
        Add(1, [1]);
        output.Reserve(100).Fill(0xEE);
        output.Release();
        Add(2, [2]);
        Next().ShouldBe([.. Reply(1, [1]), .. Reply(2, [2])]);
    }

    [Fact]
    public void A_message_with_descriptors_goes_alone_and_they_go_with_its_first_byte()
    {
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        Add(1, [1]);
        Add(2, [2], file);
        Add(3, [3], file);
        Add(4, [4]);
        Add(5, [5]);
        Next(0).ShouldBe(Reply(1, [1]));
        output.Sent(17);
        Next(1).ShouldBe(Reply(2, [2]));
        output.Sent(0);
        Next(1).ShouldBe(Reply(2, [2]));
        output.Sent(1);
        Next(0).ShouldBe(Reply(2, [2])[1..]);
        output.Sent(16);
        Next(1).ShouldBe(Reply(3, [3]));
        output.Sent(17);
        Next(0).ShouldBe([.. Reply(4, [4]), .. Reply(5, [5])]);
        output.Sent(34);
        output.Length.ShouldBe(0);
    }

    [Fact]
    public void More_than_a_piece_is_cut_between_messages()
    {
        for (ushort id = 1; id <= 5; id++)
        {
            Add(id, new byte[10_000]);
        }

        Next().Length.ShouldBe(3 * 10_016);
        output.Sent(3 * 10_016);
        Next().Length.ShouldBe(2 * 10_016);
    }

    [Fact]
    public void Whatever_is_added_and_however_little_is_sent_the_stream_is_whole_and_no_header_is_cut() => Prop.ForAll(Gen.NonEmptyListOf(Steps).ToArbitrary(), steps =>
    {
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        using var buffer = new OutputBuffer();
        var model = new Model();
        ushort id = 0;
        foreach (Step step in steps)
        {
            byte[] payload = [.. Enumerable.Range(id, step.Length).Select(value => (byte)value)];
            FileDescriptor[] files = [.. Enumerable.Repeat(file, step.Files)];
            payload.CopyTo(buffer.Reserve(step.Length + step.Spare));
            buffer.Commit(new MessageHeader { Id = ++id, Command = MessageCommand.RegionRead, Flags = MessageFlags.Reply }, step.Length, files);
            model.Add(RawPeer.Message(id, Commands.RegionRead, payload, RawPeer.Reply), step.Files);
            step.Sends.ForEach(count => model.Send(buffer, count));
        }

        while (buffer.Length > 0)
        {
            model.Send(buffer, int.MaxValue);
        }

        model.IsEmpty.ShouldBeTrue();
    }).Check(Config);

    private static byte[] Reply(ushort id, byte[] payload) => RawPeer.Message(id, Commands.RegionRead, payload, RawPeer.Reply);

    private void Add(ushort id, byte[] payload, params FileDescriptor[] files)
    {
        payload.CopyTo(output.Reserve(payload.Length));
        output.Commit(new MessageHeader { Id = id, Command = MessageCommand.RegionRead, Flags = MessageFlags.Reply }, payload.Length, files);
    }

    private byte[] Next(int files = 0)
    {
        byte[] piece = output.Next(out ReadOnlySpan<FileDescriptor> own).ToArray();
        own.Length.ShouldBe(files);
        return piece;
    }

    private sealed record Step(int Length, int Files, int Spare, List<int> Sends);

    /// <summary>Messages that wait, the first of them maybe in part.</summary>
    private sealed class Model
    {
        private readonly List<(byte[] Bytes, int Files)> waiting = [];
        private int sent;

        public bool IsEmpty => waiting.Count == 0;

        public void Add(byte[] message, int files) => waiting.Add((message, files));

        public void Send(OutputBuffer output, int count)
        {
            output.Length.ShouldBe(waiting.Sum(message => message.Bytes.Length) - sent);
            if (IsEmpty)
            {
                return;
            }

            byte[] piece = output.Next(out ReadOnlySpan<FileDescriptor> files).ToArray();
            int messages = Covered(piece);
            (_, int own) = waiting[0];
            files.Length.ShouldBe(sent == 0 ? own : 0);
            if (sent > 0 || own > 0)
            {
                messages.ShouldBe(1, "what goes with descriptors, and the rest of what went in part, goes alone");
            }

            waiting.Skip(1).Take(messages - 1).ShouldAllBe(message => message.Files == 0);
            (messages == 1 || piece.Length <= Piece).ShouldBeTrue();

            // No less at once than could be.
            if (sent == 0 && own == 0 && messages < waiting.Count && waiting[messages].Files == 0)
            {
                (piece.Length + waiting[messages].Bytes.Length).ShouldBeGreaterThan(Piece);
            }

            Sent(output, Math.Min(count, piece.Length));
        }

        // Whole messages, from where the first was left off.
        private int Covered(byte[] piece)
        {
            int messages = 0;
            for (int at = 0; at < piece.Length; messages++)
            {
                byte[] rest = messages == 0 ? waiting[0].Bytes[sent..] : waiting[messages].Bytes;
                piece.AsSpan(at).StartsWith(rest).ShouldBeTrue();
                at += rest.Length;
            }

            return messages;
        }

        private void Sent(OutputBuffer output, int count)
        {
            output.Sent(count);
            while (count > 0)
            {
                int rest = waiting[0].Bytes.Length - sent;
                if (count < rest)
                {
                    sent += count;
                    return;
                }

                count -= rest;
                sent = 0;
                waiting.RemoveAt(0);
            }
        }
    }
}
