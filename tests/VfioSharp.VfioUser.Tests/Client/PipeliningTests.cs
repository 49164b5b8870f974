using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>Any number of threads ask at once, each gets its own reply in whatever order replies come, and what is written comes before what is read after it.</summary>
public sealed class PipeliningTests : IAsyncLifetime
{
    private const int InFlight = 64; // as many as an id has places for

    private readonly RawServer server = new();
    private readonly List<RawMessage> held = [];
    private PciFunction function = null!;
    private Bar bar = null!;

    public async ValueTask InitializeAsync()
    {
        function = await server.ConnectAsync(new VfioUserClientOptions { PostedWrites = true });
        bar = function.MapBar(2);
        for (int i = 0; i < 0x100; i++)
        {
            BitConverter.TryWriteBytes(server.Shape.Registers[2].AsSpan(0x900 + (4 * i)), 0xC0DE_0000u + (uint)i);
        }
    }

    public async ValueTask DisposeAsync()
    {
        server.Instead = null;
        bar.Dispose();
        await function.DisposeAsync().Soon();
        server.Dispose();
    }

    [Theory]
    [InlineData(2)]
    [InlineData(32)]
    [InlineData(InFlight)]
    public void Reads_of_many_threads_are_in_flight_at_once_and_each_gets_its_own(int threads)
    {
        // Nobody is answered before all have asked; then the last is answered first.
        HoldUntil(threads);
        ReadAll(threads).ShouldBe(Enumerable.Range(0, threads).Select(i => 0xC0DE_0000u + (uint)i));
    }

    [Fact]
    public void More_than_can_be_in_flight_wait_for_their_turn()
    {
        int most = 0;
        HoldUntil(InFlight, count => Volatile.Write(ref most, Math.Max(most, count)));
        Thread[] readers = Read(InFlight + 20, out uint[] values);
        Patience.Until(() => Volatile.Read(ref most) == InFlight);
        Array.ForEach(readers, reader => reader.Join(Patience.Limit).ShouldBeTrue());
        values.ShouldBe(Enumerable.Range(0, InFlight + 20).Select(i => 0xC0DE_0000u + (uint)i));
        most.ShouldBe(InFlight);
    }

    [Fact]
    public void Replies_in_any_order_and_in_any_pieces_find_those_who_asked()
    {
        Fuzz.Run(10, random =>
        {
            int threads = 1 + random.Below(40);
            server.Instead = request =>
            {
                held.Add(request);
                if (held.Count == threads)
                {
                    var bytes = new List<byte>();
                    while (held.Count > 0)
                    {
                        RawMessage next = held[random.Below(held.Count)];
                        held.Remove(next);
                        bytes.AddRange(RawPeer.Message(next.Id, next.Command, server.Shape.Answer(next, out _), RawPeer.Reply));
                    }

                    for (int at = 0; at < bytes.Count;)
                    {
                        int count = Math.Min(1 + random.Below(100), bytes.Count - at);
                        server.Send([.. bytes[at..(at + count)]]);
                        at += count;
                    }
                }

                return true;
            };
            ReadAll(threads).ShouldBe(Enumerable.Range(0, threads).Select(i => 0xC0DE_0000u + (uint)i));
        });
    }

    [Fact]
    public void A_posted_write_comes_before_the_read_that_follows_it()
    {
        const int rounds = 200;
        var threads = new Thread[4];
        var wrong = new List<string>();
        for (int t = 0; t < threads.Length; t++)
        {
            ulong register = 0xA00 + (8 * (ulong)t);
            threads[t] = new Thread(() =>
            {
                for (uint i = 1; i <= rounds; i++)
                {
                    bar.Registers.Write32(register, i - 1);
                    bar.Registers.Write32(register, i);
                    uint value = bar.Registers.Read32(register);
                    if (value != i)
                    {
                        lock (wrong)
                        {
                            wrong.Add($"{value} is read at {register:x} where {i} was written");
                        }
                    }
                }
            });
            threads[t].Start();
        }

        Array.ForEach(threads, thread => thread.Join());
        wrong.ShouldBeEmpty();
        server.Requests.Count(request => request.Command == Commands.RegionWrite && request.Flags == RawPeer.NoReply).ShouldBe(2 * rounds * threads.Length);
    }

    [Fact]
    public void When_one_is_not_answered_in_time_all_that_wait_come_back()
    {
        HoldUntil(int.MaxValue);
        Thread[] readers = Read(20, out uint[] values);
        Patience.Until(() => held.Count == 20);
        server.Shutdown();
        Array.ForEach(readers, reader => reader.Join(Patience.Limit).ShouldBeTrue());
        values.ShouldAllBe(value => value == uint.MaxValue);
        Patience.Until(() => function.IsLost);
    }

    [Fact]
    public async Task Replies_that_come_too_late_are_nobody_else_s()
    {
        using var slow = new RawServer();
        await using PciFunction other = await slow.ConnectAsync(new VfioUserClientOptions { Limits = new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(100) } });
        using Bar its = other.MapBar(2);
        RawMessage? first = null;
        slow.Instead = request =>
        {
            first ??= request;
            return true;
        };
        its.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        slow.AnswerHonestly(first!);
        its.Registers.Read32(0x904).ShouldBe(uint.MaxValue);
        Patience.Until(() => other.IsLost);
    }

    // Answers nobody until so many have asked, then all, the last first.
    private void HoldUntil(int count, Action<int>? note = null) => server.Instead = request =>
    {
        held.Add(request);
        note?.Invoke(held.Count);
        if (held.Count == count)
        {
            held.Reverse();
            held.ForEach(server.AnswerHonestly);
            held.Clear();
            server.Instead = null; // whoever comes later is answered at once
        }

        return true;
    };

    private uint[] ReadAll(int threads)
    {
        Thread[] readers = Read(threads, out uint[] values);
        Array.ForEach(readers, reader => reader.Join(Patience.Limit).ShouldBeTrue());
        return values;
    }

    private Thread[] Read(int threads, out uint[] values)
    {
        uint[] read = values = new uint[threads];
        Thread[] readers = [.. Enumerable.Range(0, threads).Select(i => new Thread(() => read[i] = bar.Registers.Read32(0x900 + (4 * (ulong)i))) { IsBackground = true })];
        Array.ForEach(readers, reader => reader.Start());
        return readers;
    }
}
