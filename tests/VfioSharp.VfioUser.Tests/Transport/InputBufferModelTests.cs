using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Transport;

/// <summary>
/// However a stream of messages is sent, cut and received, what comes out is what was sent. Descriptors go to the last message begun by then that can carry
/// any, unless that was whole before; and so to whom they were sent with, where each message is sent by itself.
/// </summary>
public class InputBufferModelTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(400, longFactor: 50));

    private static readonly Gen<Item> Items =
        from command in Gen.Elements(Commands.DmaMap, Commands.SetIrqs, Commands.DmaUnmap, Commands.RegionRead, Commands.RegionWrite, Commands.GetInfo, Commands.DmaRead)
        from isReply in Gen.Frequency((4, Gen.Constant(false)), (1, Gen.Constant(true)))
        from length in Gen.Frequency((20, Gen.Choose(0, 80)), (1, Gen.Choose(30_000, 150_000)))
        from files in Gen.Choose(0, 3)
        select new Item(command, isReply, length, files);

    private static readonly Gen<Case> Cases =
        from sends in Gen.NonEmptyListOf(
            from items in Gen.Frequency((3, Items.ListOf(1)), (1, Gen.NonEmptyListOf(Items)))
            from cuts in Gen.ListOf(Gen.Choose(1, 60))
            from carrier in Gen.Choose(0, 3)
            select new Delivery([.. items], [.. cuts], carrier))
        from reads in Gen.NonEmptyListOf(Gen.Frequency((3, Gen.Choose(1, 40)), (1, Gen.Choose(1, 100_000))))
        from moves in Gen.NonEmptyListOf(Gen.Elements(Enum.GetValues<Move>()))
        select new Case([.. sends], [.. reads], [.. moves]);

    private enum Move
    {
        TakeAll,
        TakeOne,
        TakeReplies,
        LookWhileReceiving,
        Nothing,
    }

    [Fact]
    public void What_comes_out_is_what_was_sent() => Prop.ForAll(Cases.ToArbitrary(), one =>
    {
        using var run = new Run();
        run.Check(one);
    }).Check(Config);

    /// <summary>A message.</summary>
    private sealed record Item(ushort Command, bool IsReply, int Length, int Files)
    {
        public bool Carries => !IsReply && Command is Commands.DmaMap or Commands.SetIrqs or Commands.DmaUnmap;
    }

    /// <summary>Messages that are sent at once, or one that is sent in pieces with its descriptors at one of them.</summary>
    private sealed record Delivery(Item[] Items, int[] Cuts, int Carrier);

    private sealed record Case(Delivery[] Sends, int[] Reads, Move[] Moves);

    private sealed record Expected(byte[] Bytes, long Start, bool Carries, List<FileDescriptor> Files)
    {
        public long End => Start + Bytes.Length;
    }

    private sealed class Run : IDisposable
    {
        private readonly InputBuffer input = new(1 << 20, 64 << 20, 1000);
        private readonly SegmentQueue queue = new();
        private readonly List<Expected> sent = [];
        private readonly List<Expected> waiting = [];
        private readonly Dictionary<FileDescriptor, Expected> sentWith = [];
        private readonly List<FileDescriptor> made = [];
        private readonly List<FileDescriptor> kept = [];
        private long position;
        private int read;
        private int[] reads = [];

        public void Check(Case one)
        {
            reads = one.Reads;
            Array.ForEach(one.Sends, Send);
            for (int i = 0; !queue.IsEmpty; i++)
            {
                Receive();
                Take(one.Moves[i % one.Moves.Length]);
            }

            while (TakeOne())
            {
            }

            waiting.ShouldBeEmpty();
            input.IsEmpty.ShouldBeTrue();
            input.Rest();
            made.Where(file => !file.IsClosed).ShouldBe(kept);
        }

        public void Dispose()
        {
            made.ForEach(file => file.Dispose());
            input.Dispose();
        }

        private void Send(Delivery send)
        {
            FileDescriptor[] files = [.. Enumerable.Range(0, send.Items[^1].Files).Select(_ => EventFd.Create(0, out Errno _)!.File)];
            made.AddRange(files);
            var all = new List<byte>();
            long start = sent.Count == 0 ? 0 : sent[^1].End;
            foreach (Item item in send.Items)
            {
                byte[] payload = [.. Enumerable.Range(sent.Count, item.Length).Select(value => (byte)value)];
                byte[] message = RawPeer.Message((ushort)sent.Count, item.Command, payload, item.IsReply ? RawPeer.Reply : 0);
                var expected = new Expected(message, start + all.Count, item.Carries, []);
                sent.Add(expected);
                waiting.Add(expected);
                all.AddRange(message);
            }

            bool isAlone = send.Items.Length == 1;
            foreach (FileDescriptor file in isAlone && sent[^1].Carries ? files : [])
            {
                sentWith.Add(file, sent[^1]);
            }

            int[] cuts = isAlone ? [.. send.Cuts.Where(cut => cut < all.Count).Distinct().Order()] : [];
            int at = 0;
            for (int piece = 0; piece <= cuts.Length; piece++)
            {
                int end = piece < cuts.Length ? cuts[piece] : all.Count;
                queue.Send([.. all[at..end]], piece == send.Carrier % (cuts.Length + 1) ? files : []);
                at = end;
            }
        }

        private void Receive()
        {
            long from = position;
            position += queue.ReadInto(input, reads[read++ % reads.Length], out FileDescriptor[] files);
            Expected? owner = sent.LastOrDefault(message => message.Carries && message.Start < position);
            owner = owner?.End > from ? owner : null;
            owner?.Files.AddRange(files);
            foreach (FileDescriptor file in files)
            {
                sentWith.GetValueOrDefault(file, owner!).ShouldBe(owner, "whom it was sent with");
            }
        }

        private void Take(Move move)
        {
            switch (move)
            {
                case Move.TakeAll:
                    while (TakeOne())
                    {
                    }

                    break;
                case Move.TakeOne:
                    TakeOne();
                    break;
                case Move.TakeReplies:
                    while (input.TryTakeReply(out Message reply) == TakeResult.Taken)
                    {
                        Expected next = waiting.First(message => BitConverter.ToUInt32(message.Bytes, 8) == RawPeer.Reply);
                        waiting.Remove(next);
                        ShouldBe(in reply, next);
                    }

                    break;
                case Move.LookWhileReceiving:
                    if (input.TryTake(out Message message) == TakeResult.Taken)
                    {
                        input.IsHeld = true;
                        for (int i = 0; i < 3 && !queue.IsEmpty; i++)
                        {
                            Receive();
                        }

                        Took(in message);
                        input.IsHeld = false;
                    }

                    break;
                default:
                    break;
            }
        }

        private bool TakeOne()
        {
            TakeResult result = input.TryTake(out Message message);
            result.ShouldNotBe(TakeResult.Broken);
            if (result == TakeResult.Taken)
            {
                Took(in message);
            }

            return result == TakeResult.Taken;
        }

        private void Took(in Message message)
        {
            Expected next = waiting[0];
            waiting.RemoveAt(0);
            ShouldBe(in message, next);
            input.Descriptors.ShouldBe(next.Files);
            if (message.Header.Id % 2 == 0)
            {
                kept.AddRange(input.Descriptors);
                input.Descriptors.Clear();
            }
        }

        private static void ShouldBe(in Message message, Expected expected)
        {
            message.Header.ShouldBe(MemoryMarshal.Read<MessageHeader>(expected.Bytes));
            message.Payload.SequenceEqual(expected.Bytes.AsSpan(16)).ShouldBeTrue();
        }
    }
}
