using System.Diagnostics;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Hostile;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>Commands that are messages, with any numbers in them: each is answered, in its turn, and nobody is turned away for them.</summary>
[Collection(nameof(ProcessAlone))]
public class CommandFuzzTests(ITestOutputHelper output)
{
    private const uint MaxMemory = 16 << 20;

    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(80, longFactor: 250)).WithEndSize(AnyCommand.Most);

    [Fact]
    public async Task Each_command_is_answered_in_its_turn_whatever_it_asks()
    {
        await using var rig = new FuzzRig(new SoakFunction(1) { MaxSleep = 0, MaxCopy = 4096 }, ServingMode.Shared);
        await rig.BeginAsync();
        long start = Stopwatch.GetTimestamp();
        Prop.ForAll(AnyCommand.Sequences.ToArbitrary(), commands =>
        {
            Talk(rig.Path, commands);
            rig.CheckLog();
        }).Check(Config);
        rig.Faults.ShouldBe(0);
        output.WriteLine($"{await rig.EndAsync()}; {Stopwatch.GetElapsedTime(start).TotalSeconds:0.0} s");
    }

    private static void Talk(string path, AnyCommand[] commands)
    {
        using var files = new FuzzFiles(MaxMemory);
        using var peer = FuzzPeer.Connect(path, () => true);
        peer.Say(Payloads.Message(0, MessageCommand.Version, MessageFlags.None, Payloads.Version(Payloads.Capabilities)));
        peer.Say(Payloads.Message(0, MessageCommand.RegionWrite, MessageFlags.None, Payloads.Write(SoakFunction.Configuration, 4, 7, 0)));
        var expected = new List<(ushort Id, MessageCommand Command)> { (0, MessageCommand.Version), (0, MessageCommand.RegionWrite) };
        ushort id = 0;
        foreach (AnyCommand command in commands)
        {
            id++;
            peer.Say(
                Payloads.Message(id, command.Command, command.WantsReply ? MessageFlags.None : MessageFlags.NoReply, command.Payload),
                [.. Enumerable.Repeat(command.IsMemory ? files.Memory : files.Signal, command.Files)]);
            if (command.WantsReply)
            {
                expected.Add((id, command.Command));
            }
        }

        peer.Await(expected.Count);
        peer.Replies.Select(reply => (reply.Id, reply.Command)).ShouldBe(expected);
        peer.HasEnded.ShouldBeFalse();
        peer.Finish();
    }
}
