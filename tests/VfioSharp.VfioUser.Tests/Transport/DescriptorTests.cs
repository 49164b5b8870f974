using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Tests.Transport;

/// <summary>Whose descriptors are whose: they belong to the last message begun when they came that can carry any.</summary>
public sealed class DescriptorTests : IDisposable
{
    private const int MaxDescriptors = 4;

    private static readonly byte[] Map = RawPeer.Message(1, Commands.DmaMap, new byte[32]);
    private static readonly byte[] Set = RawPeer.Message(2, Commands.SetIrqs, new byte[20]);
    private static readonly byte[] Read = RawPeer.Message(3, Commands.RegionRead, new byte[16]);

    private readonly InputBuffer input = new(1 << 20, 1 << 20, MaxDescriptors);
    private readonly SegmentQueue queue = new();
    private readonly List<FileDescriptor> made = [];

    public void Dispose()
    {
        input.Dispose();
        made.ShouldAllBe(file => file.IsClosed, "whatever was not taken is closed with the buffer");
    }

    [Fact]
    public void One_message_a_send_received_together()
    {
        FileDescriptor[] a = Make(1);
        FileDescriptor[] b = Make(2);
        queue.Send(Read);
        queue.Send(Map, a);
        queue.Send(Read);
        queue.Send(Set, b);
        queue.Send(Map);
        queue.Send(Set);
        ReceiveAll();
        Took(3).ShouldBeEmpty();
        Took(1).ShouldBe(a);
        Took(3).ShouldBeEmpty();
        Took(2).ShouldBe(b);
        Took(1).ShouldBeEmpty();
        Took(2).ShouldBeEmpty();
        End();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(8)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(47)]
    public void A_message_in_two_pieces_with_descriptors_of_either(int cut)
    {
        for (int carriers = 1; carriers < 4; carriers++)
        {
            FileDescriptor[] first = Make((carriers & 1) != 0 ? 1 : 0);
            FileDescriptor[] second = Make((carriers & 2) != 0 ? 2 : 0);
            queue.Send(Set);
            queue.Send(Map[..cut], first);
            queue.Send(Map[cut..], second);
            queue.Send(Set);
            ReceiveAll();
            Took(2).ShouldBeEmpty();
            Took(1).ShouldBe([.. first, .. second]);
            Took(2).ShouldBeEmpty();
        }

        End();
    }

    [Fact]
    public void Pieces_received_one_by_one()
    {
        FileDescriptor[] own = Make(1);
        queue.Send([.. Read, .. Map[..10]], own);
        queue.ReadInto(input);
        Took(3).ShouldBeEmpty();
        End();
        queue.Send(Map[10..]);
        queue.ReadInto(input);
        Took(1).ShouldBe(own);
    }

    [Fact]
    public void Many_in_one_send_with_the_descriptors_own_last()
    {
        FileDescriptor[] own = Make(3);
        queue.Send([.. Map, .. Read, .. Map, .. Set, .. Read, .. Read], own);
        ReceiveAll();
        Took(1).ShouldBeEmpty();
        Took(3).ShouldBeEmpty();
        Took(1).ShouldBeEmpty();
        Took(2).ShouldBe(own);
        Took(3).ShouldBeEmpty();
        Took(3).ShouldBeEmpty();
        End();
    }

    [Fact]
    public void While_it_cannot_be_told_whose_they_are_nobody_gets_them()
    {
        FileDescriptor[] own = Make(1);
        queue.Send([.. Map, .. Set[..15]], own);
        queue.ReadInto(input);
        End();
        queue.Send(Set[15..16]);
        queue.ReadInto(input);
        Took(1).ShouldBeEmpty();
        End();
        queue.Send(Set[16..]);
        queue.ReadInto(input);
        Took(2).ShouldBe(own);

        own = Make(1);
        queue.Send([.. Map, .. Read[..15]], own);
        queue.ReadInto(input);
        End();
        queue.Send(Read[15..]);
        queue.ReadInto(input);
        Took(1).ShouldBe(own);
        Took(3).ShouldBeEmpty();
    }

    [Fact]
    public void Those_of_messages_that_carry_none_are_closed()
    {
        queue.Send(Read, Make(2));
        queue.Send(RawPeer.Message(9, Commands.Version, new byte[4]), Make(1));
        queue.Send(RawPeer.Message(8, Commands.DmaRead, new byte[16], RawPeer.Reply), Make(1));
        ReceiveAll();
        Took(3).ShouldBeEmpty();
        Took(9).ShouldBeEmpty();
        Took(8).ShouldBeEmpty();
        made.ShouldAllBe(file => file.IsClosed);
    }

    [Fact]
    public void Those_of_replies_taken_out_of_turn_are_closed_in_turn()
    {
        FileDescriptor[] own = Make(2);
        queue.Send(RawPeer.Message(8, Commands.DmaRead, new byte[16], RawPeer.Reply), own);
        queue.ReadInto(input);
        input.TryTakeReply(out Message reply).ShouldBe(TakeResult.Taken);
        reply.Header.Id.ShouldBe((ushort)8);
        End();
        own.ShouldAllBe(file => file.IsClosed);
    }

    [Fact]
    public void Replies_taken_out_of_turn_change_nothing_for_others()
    {
        FileDescriptor[] own = Make(2);
        queue.Send([.. Map, .. RawPeer.Message(8, Commands.DmaRead, new byte[16], RawPeer.Reply), .. Set, .. RawPeer.Message(8, Commands.DmaRead, [], RawPeer.Reply)], own);
        queue.ReadInto(input);
        input.TryTakeReply(out _).ShouldBe(TakeResult.Taken);
        input.TryTakeReply(out _).ShouldBe(TakeResult.Taken);
        Took(1).ShouldBeEmpty();
        Took(2).ShouldBe(own);
        End();
    }

    [Fact]
    public void Who_takes_a_message_keeps_the_descriptors_that_he_removes_and_the_rest_is_closed_when_the_next_is_taken()
    {
        FileDescriptor[] own = Make(3);
        queue.Send(Set, own);
        queue.Send(Read);
        ReceiveAll();
        input.TryTake(out _).ShouldBe(TakeResult.Taken);
        FileDescriptor kept = input.Descriptors[1];
        input.Descriptors.RemoveAt(1);
        own.ShouldAllBe(file => !file.IsClosed);
        Took(3).ShouldBeEmpty();
        own.Select(file => file.IsClosed).ShouldBe([true, false, true]);
        kept.Dispose();
    }

    [Fact]
    public void What_nobody_took_is_closed_when_the_connection_rests()
    {
        FileDescriptor[] own = Make(1);
        queue.Send(Set, own);
        queue.ReadInto(input);
        input.TryTake(out _).ShouldBe(TakeResult.Taken);
        input.Rest();
        own[0].IsClosed.ShouldBeTrue();
    }

    [Fact]
    public void More_than_may_come_with_a_message_break_the_stream()
    {
        queue.Send(Set, Make(MaxDescriptors));
        queue.Send(Set, Make(MaxDescriptors + 1));
        ReceiveAll();
        Took(2).Length.ShouldBe(MaxDescriptors);
        input.TryTake(out _).ShouldBe(TakeResult.Broken);
        input.Fault.ShouldContain("5 descriptors came with a message, where 4 may");
    }

    [Fact]
    public void So_do_those_that_come_piece_by_piece()
    {
        queue.Send(Set[..1], Make(3));
        queue.Send(Set[1..2], Make(2));
        queue.Send(Set[2..]);
        ReceiveAll();
        input.TryTake(out _).ShouldBe(TakeResult.Broken);
    }

    [Fact]
    public void No_more_are_held_than_may_be()
    {
        for (int i = 0; i < 4; i++)
        {
            queue.Send(Set[i..(i + 1)], Make(3));
        }

        while (!input.IsFull)
        {
            queue.ReadInto(input).ShouldBe(1);
        }

        made.Count(file => !file.IsClosed).ShouldBe(12);
        queue.IsEmpty.ShouldBeFalse("3 times 3 are more than twice what a message may carry");
        input.Room().IsEmpty.ShouldBeTrue();
        input.Fault.ShouldContain("9 descriptors");
        made.GetRange(9, 3).ForEach(file => file.Dispose());
    }

    private FileDescriptor[] Make(int count)
    {
        FileDescriptor[] files = [.. Enumerable.Range(0, count).Select(_ => EventFd.Create(0, out Errno _)!.File)];
        made.AddRange(files);
        return files;
    }

    private void ReceiveAll()
    {
        while (!queue.IsEmpty)
        {
            queue.ReadInto(input);
        }
    }

    private FileDescriptor[] Took(ushort id)
    {
        input.TryTake(out Message message).ShouldBe(TakeResult.Taken);
        message.Header.Id.ShouldBe(id);
        return [.. input.Descriptors];
    }

    private void End() => input.TryTake(out _).ShouldBe(TakeResult.None);
}
