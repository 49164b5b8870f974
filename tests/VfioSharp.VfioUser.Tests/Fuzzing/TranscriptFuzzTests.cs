using System.Diagnostics;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Samples;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Tests.Hostile;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>What QEMU's client said (<c>Data/transcripts</c>), changed here and there, cut into any pieces, and said to a server again and again.</summary>
[Collection(nameof(ProcessAlone))]
public class TranscriptFuzzTests(ITestOutputHelper output)
{
    private const int MostMessages = 200;

    [Theory]
    [InlineData("tally", ServingMode.Shared)]
    [InlineData("endpoint-test", ServingMode.Dedicated)]
    [InlineData("shared-page", ServingMode.Shared)]
    public async Task What_is_made_of_what_QEMU_said_costs_a_connection_at_most(string name, ServingMode mode)
    {
        TranscriptMessage[] said = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "transcripts", $"{name}.txt")).Select(TranscriptMessage.Parse).Where(message => message.IsFromClient)];
        EmulatedFunction function = name switch
        {
            "tally" => new Tally(),
            "endpoint-test" => new EndpointTest(),
            _ => new SharedPage(),
        };
        await using var rig = new FuzzRig(function, mode);
        await rig.BeginAsync();
        long start = Stopwatch.GetTimestamp();
        long target = Fuzz.Iterations(10_000, longFactor: 250);
        Fuzz.RunWhile(() => rig.Messages < target, random =>
        {
            Talk(rig.Path, said, random);
            rig.CheckLog();
        });
        output.WriteLine($"{name}, {mode}: {await rig.EndAsync()}; {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
    }

    private static void Talk(string path, TranscriptMessage[] said, FuzzRandom random)
    {
        bool doesAnswer = !random.OneIn(50);
        using var files = new FuzzFiles(MemoryOf(said));
        using var peer = FuzzPeer.Connect(path, () => doesAnswer);
        int piece = random.Pick(0, 0, 0, 1, 16, 1000);
        var waiting = new List<byte>();
        foreach ((byte[] message, FileDescriptor[] along) in Choose(said, files, random))
        {
            if (along.Length > 0)
            {
                Say(peer, waiting, piece, random);
            }

            waiting.AddRange(message);
            if (along.Length > 0)
            {
                Say(peer, waiting, piece, random, along);
            }
        }

        Say(peer, waiting, piece, random);
        if (random.OneIn(20))
        {
            files.Cut.SetLength(random.Below(4096));
        }

        if (!random.OneIn(4))
        {
            peer.Finish();
        }
    }

    // How the client begins, some of how it goes on, most of it as it was.
    private static IEnumerable<(byte[] Message, FileDescriptor[] Along)> Choose(TranscriptMessage[] said, FuzzFiles files, FuzzRandom random)
    {
        int head = 1 + random.Below(Math.Min(60, said.Length - 1));
        int from = head + random.Below(said.Length - head);
        int to = Math.Min(said.Length, from + random.Below(MostMessages));
        int rate = random.Pick(2, 8, 32);
        for (int i = 0; i < to; i = i == head - 1 ? from : i + 1)
        {
            // What is said first decides whether anything is listened to.
            TranscriptMessage next = i > 0 && random.OneIn(rate * 4) ? said[random.Below(said.Length)] : said[i];
            byte[] message = RawPeer.Message(next.Id, next.Command, next.Payload, next.Flags);
            FileDescriptor[] along = [.. Enumerable.Repeat(next.Command == (ushort)MessageCommand.DmaMap ? random.OneIn(8) ? files.Cut : files.Memory : files.Signal, next.Descriptors)];
            if (random.OneIn(i > 0 ? rate : 50))
            {
                message = Mutation.Of(message, random);
            }

            if (random.OneIn(rate * 100))
            {
                message = Mutation.Break(message, random);
            }

            if (random.OneIn(rate * 8))
            {
                along = files.Pick(random, random.Below(10));
            }

            if (message.Length > 0)
            {
                yield return (message, along);
            }
        }
    }

    private static void Say(FuzzPeer peer, List<byte> waiting, int piece, FuzzRandom random, params FileDescriptor[] along)
    {
        ReadOnlySpan<byte> bytes = CollectionsMarshal.AsSpan(waiting);
        while (!bytes.IsEmpty)
        {
            int count = piece == 0 ? bytes.Length : Math.Min(bytes.Length, 1 + random.Below(piece));
            peer.Say(bytes[..count], along);
            bytes = bytes[count..];
            along = [];
        }

        waiting.Clear();
    }

    private static ulong MemoryOf(TranscriptMessage[] said) => said.Where(message => message is { Command: (ushort)MessageCommand.DmaMap, Descriptors: > 0 })
        .Select(message => MemoryMarshal.Read<DmaMapRequest>(message.Payload)).Max(map => map.Offset + map.Size);
}
