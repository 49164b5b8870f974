using System.Runtime.InteropServices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Transcripts;

/// <summary>A recorded conversation, and what descriptors stand in for those that went along.</summary>
internal sealed class Replay : IDisposable
{
    private const int AccessLength = 16;

    private readonly TranscriptMessage[] messages;
    private readonly MemoryFile memory;

    public Replay(string name)
    {
        messages = [.. File.ReadLines(Path.Combine(AppContext.BaseDirectory, "Data", "transcripts", $"{name}.txt")).Select(TranscriptMessage.Parse)];
        ulong length = messages.Where(IsShown).Select(MapOf).Max(map => map.Offset + map.Size);
        memory = MemoryFile.Create("replay", (long)length, MemoryFileFlags.MFD_ALLOW_SEALING, out Errno error) ?? throw new IOException($"memfd: {error}");
    }

    public IReadOnlyList<TranscriptMessage> Messages => messages;

    /// <summary>Says what the client said, and holds what comes back against what came back then.</summary>
    /// <returns>How many replies there were.</returns>
    public async Task<int> RunAsync(RawPeer peer, EmulatedFunction function)
    {
        int replies = 0;
        foreach (TranscriptMessage message in messages)
        {
            if (message.IsFromClient)
            {
                FileDescriptor[] descriptors = [.. DescriptorsOf(message)];
                peer.Send(message, descriptors);
                foreach (FileDescriptor descriptor in descriptors.Where(descriptor => descriptor != memory.File))
                    descriptor.Dispose();
                continue;
            }

            Essence(peer.Receive()).ShouldBe(Essence(message), $"in reply to #{message.Id}");
            replies++;

            // A driver that resets a function by its register gives it 100 ms; this one does not wait longer than it must.
            if (message.Command == (ushort)MessageCommand.RegionWrite)
                await function.Core.PausedAsync(() => ValueTask.CompletedTask);
        }

        return replies;
    }

    public void Dispose() => memory.Dispose();

    /// <summary>What of a reply does not depend on time, chance, or what memory holds: all of it, but for the data of a region.</summary>
    private static string Essence(TranscriptMessage reply) =>
        reply.Command == (ushort)MessageCommand.RegionRead && reply.Payload.Length > AccessLength
            ? $"{reply with { Payload = reply.Payload[..AccessLength] }} and {reply.Payload.Length - AccessLength} bytes" : reply.ToString();

    private static bool IsShown(TranscriptMessage message) => message is { IsFromClient: true, Command: (ushort)MessageCommand.DmaMap, Descriptors: > 0 };

    private static DmaMapRequest MapOf(TranscriptMessage message) => MemoryMarshal.Read<DmaMapRequest>(message.Payload);

    private IEnumerable<FileDescriptor> DescriptorsOf(TranscriptMessage message)
    {
        for (int i = 0; i < message.Descriptors; i++)
            yield return IsShown(message) ? memory.File : EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno error)?.File ?? throw new IOException($"eventfd: {error}");
    }
}
