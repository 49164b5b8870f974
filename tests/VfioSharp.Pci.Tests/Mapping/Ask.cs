using System.Collections.Immutable;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>Questions as tests write them.</summary>
internal static class Ask
{
    public const ulong K = 1024;

    public static MsixTableQuestion Question(
        ulong bar,
        ByteRange? table = null,
        ByteRange? pba = null,
        ulong page = 4 * K,
        IsolationVerdict verdict = IsolationVerdict.NotIsolated,
        MsixTableRule rule = MsixTableRule.RequireIsolation,
        ImmutableArray<ByteRange>? offered = null,
        string? advice = null,
        int? relocation = null) =>
        new(new ByteRange(0, bar), table, pba, offered ?? BackendRanges.Whole(new ByteRange(0, bar)), page, verdict, rule)
        {
            IsolationAdvice = advice,
            RelocationBar = relocation,
        };

    public static MsixTableDecision Decide(this MsixTableQuestion question) => MsixTablePolicy.Decide(question);

    public static ByteRange Vectors(int count, ulong offset) => new(offset, (ulong)count * 16);

    public static ByteRange Bytes(ulong from, ulong end) => ByteRange.FromBounds(from, end);
}
