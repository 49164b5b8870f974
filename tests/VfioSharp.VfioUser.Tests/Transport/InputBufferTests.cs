using System.Buffers;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Tests.Transport;

public sealed class InputBufferTests : IDisposable
{
    private const int MaxMessage = 200_000;
    private const int MaxHeld = 300_000;
    private const int MaxDescriptors = 4;

    private readonly InputBuffer input = new(MaxMessage, MaxHeld, MaxDescriptors);
    private readonly SegmentQueue queue = new();

    public void Dispose() => input.Dispose();

    [Fact]
    public void A_message_is_taken_when_it_is_whole()
    {
        byte[] message = RawPeer.Message(1, Commands.RegionRead, [1, 2, 3, 4]);
        foreach (byte value in message)
        {
            Take().ShouldBe(TakeResult.None);
            queue.Send([value]);
            queue.ReadInto(input).ShouldBe(1);
        }

        input.TryTake(out Message taken).ShouldBe(TakeResult.Taken);
        taken.Header.Id.ShouldBe((ushort)1);
        taken.Payload.ToArray().ShouldBe([1, 2, 3, 4]);
        input.IsEmpty.ShouldBeTrue();
        Take().ShouldBe(TakeResult.None);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(4)]
    [InlineData(15)]
    [InlineData(MaxMessage + 1)]
    [InlineData(0xfffffff0)]
    [InlineData(uint.MaxValue)]
    public void A_size_that_cannot_be_breaks_the_stream(uint size)
    {
        queue.Send([.. RawPeer.Message(1, Commands.GetInfo, []), .. RawPeer.Message(2, Commands.GetInfo, [], size: size), .. new byte[64]]);
        queue.ReadInto(input);
        Take().ShouldBe(TakeResult.Taken);
        Take().ShouldBe(TakeResult.Broken);
        input.Fault.ShouldContain($"{size} bytes");
        Take().ShouldBe(TakeResult.Broken);
    }

    [Theory]
    [InlineData(16)]
    [InlineData(MaxMessage)]
    public void The_smallest_and_the_largest_size_are_good(int size)
    {
        queue.Send(RawPeer.Message(1, Commands.RegionWrite, new byte[size - 16]));
        while (!queue.IsEmpty)
        {
            Take().ShouldBe(TakeResult.None);
            queue.ReadInto(input);
        }

        input.TryTake(out Message taken).ShouldBe(TakeResult.Taken);
        taken.Payload.Length.ShouldBe(size - 16);
    }

    [Fact]
    public void A_promise_of_much_takes_no_memory()
    {
        queue.Send(RawPeer.Message(1, Commands.RegionWrite, [], size: MaxMessage));
        queue.ReadInto(input);
        Take().ShouldBe(TakeResult.None);
        input.Room().Length.ShouldBeLessThan(128 << 10);
    }

    [Fact]
    public void No_more_is_held_than_may_be_until_messages_are_taken()
    {
        byte[] message = RawPeer.Message(1, Commands.RegionWrite, new byte[50_000 - 16]);
        for (int i = 0; i < 20; i++)
        {
            queue.Send(message);
        }

        int held = 0;
        while (!input.IsFull)
        {
            held += queue.ReadInto(input);
        }

        held.ShouldBeInRange(MaxHeld, 4 * MaxHeld);
        input.Room().IsEmpty.ShouldBeTrue();
        input.Fault.ShouldContain($"{held} bytes");
        int taken = 0;
        for (; input.IsFull; taken++)
        {
            Take().ShouldBe(TakeResult.Taken);
        }

        input.Room().IsEmpty.ShouldBeFalse();
        while (!queue.IsEmpty)
        {
            queue.ReadInto(input);
            for (; Take() == TakeResult.Taken; taken++)
            {
            }
        }

        taken.ShouldBe(20);
    }

    [Fact]
    public void A_message_that_is_looked_at_stays_though_more_come()
    {
        byte[] first = RawPeer.Message(1, Commands.RegionWrite, [.. Enumerable.Range(0, 1000).Select(i => (byte)i)]);
        queue.Send([.. first, .. RawPeer.Message(2, Commands.RegionWrite, new byte[150_000])]);
        queue.ReadInto(input);
        input.TryTake(out Message message).ShouldBe(TakeResult.Taken);
        input.IsHeld = true;
        while (!queue.IsEmpty)
        {
            queue.ReadInto(input);
        }

        // Whoever rents memory now may get what was given back.
        byte[][] others = [.. new[] { 1 << 16, 1 << 17, 1 << 18 }.SelectMany(length => Enumerable.Range(0, 20).Select(_ => ArrayPool<byte>.Shared.Rent(length)))];
        Array.ForEach(others, other => other.AsSpan().Fill(0xEE));
        message.Payload.SequenceEqual(first.AsSpan(16)).ShouldBeTrue();
        Array.ForEach(others, other => ArrayPool<byte>.Shared.Return(other));

        input.IsHeld = false;
        input.TryTake(out message).ShouldBe(TakeResult.Taken);
        (message.Header.Id, message.Payload.Length).ShouldBe(((ushort)2, 150_000));
    }

    [Fact]
    public void Memory_is_given_back_while_there_is_nothing_to_keep()
    {
        queue.Send(RawPeer.Message(1, Commands.GetInfo, []));
        queue.ReadInto(input);
        Take().ShouldBe(TakeResult.Taken);
        ref byte before = ref input.Room()[0];
        before = 0x77;
        input.Rest();

        // What was given back is what the next renter of this thread gets.
        byte[] rented = ArrayPool<byte>.Shared.Rent(1 << 16);
        rented[0].ShouldBe((byte)0x77);
        ArrayPool<byte>.Shared.Return(rented);
        queue.Send(RawPeer.Message(2, Commands.GetInfo, []));
        queue.ReadInto(input);
        input.Rest();
        Take().ShouldBe(TakeResult.Taken);
    }

    [Fact]
    public void Replies_are_taken_out_of_turn_and_commands_keep_theirs()
    {
        queue.Send([
            .. RawPeer.Message(1, Commands.RegionRead, [1]), .. RawPeer.Message(2, Commands.DmaRead, [2], RawPeer.Reply), .. RawPeer.Message(3, Commands.RegionRead, [3]),
            .. RawPeer.Message(4, Commands.DmaWrite, [4], RawPeer.Reply), .. RawPeer.Message(5, Commands.RegionRead, [5])[..16]]);
        queue.ReadInto(input);
        Reply().ShouldBe((2, 2));
        input.TryTake(out Message message).ShouldBe(TakeResult.Taken);
        message.Header.Id.ShouldBe((ushort)1);
        Reply().ShouldBe((4, 4));
        Reply().ShouldBe((0, 0));
        input.TryTake(out message).ShouldBe(TakeResult.Taken);
        message.Header.Id.ShouldBe((ushort)3);
        Take().ShouldBe(TakeResult.None);
        queue.Send([5, .. RawPeer.Message(6, Commands.DmaRead, [6], RawPeer.Reply)]);
        queue.ReadInto(input);
        Reply().ShouldBe((6, 6));
        input.TryTake(out message).ShouldBe(TakeResult.Taken);
        (message.Header.Id, message.Payload[0]).ShouldBe(((ushort)5, (byte)5));
        Take().ShouldBe(TakeResult.None);
        input.IsEmpty.ShouldBeTrue();
    }

    [Fact]
    public void A_reply_behind_what_is_none_is_not_found()
    {
        queue.Send([.. RawPeer.Message(1, Commands.RegionRead, []), .. RawPeer.Message(2, Commands.DmaRead, [], size: 3), .. RawPeer.Message(3, Commands.DmaRead, [], RawPeer.Reply)]);
        queue.ReadInto(input);
        Reply().ShouldBe((0, 0));
        Take().ShouldBe(TakeResult.Taken);
        Take().ShouldBe(TakeResult.Broken);
    }

    private TakeResult Take() => input.TryTake(out _);

    private (int Id, int Value) Reply() => input.TryTakeReply(out Message reply) == TakeResult.Taken ? (reply.Header.Id, reply.Payload[0]) : (0, 0);
}
