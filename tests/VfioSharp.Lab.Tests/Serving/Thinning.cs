using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>Leaves out of a recording what a guest does thousands of times to no effect: reads of configuration space that tell nothing new, zeros above all.</summary>
internal static class Thinning
{
    private const int AccessLength = 16;
    private const int RegionOffset = 8;
    private const byte Configuration = 7;

    public static IEnumerable<TranscriptMessage> Of(IReadOnlyList<TranscriptMessage> messages)
    {
        HashSet<string> seen = [];
        HashSet<ushort> dropped = [.. messages.Where(message => !message.IsFromClient && IsNothingNew(message)).Select(message => message.Id)];
        return messages.Where(message => !(IsRead(message) && dropped.Contains(message.Id)));

        bool IsNothingNew(TranscriptMessage reply) =>
            IsRead(reply) && reply.Payload.Length > AccessLength
            && (reply.Payload.AsSpan(AccessLength).IndexOfAnyExcept((byte)0) < 0 || !seen.Add(Convert.ToHexString(reply.Payload)));
    }

    private static bool IsRead(TranscriptMessage message) =>
        message.Command == (ushort)MessageCommand.RegionRead && message.Payload.Length >= AccessLength && message.Payload[RegionOffset] == Configuration;
}
