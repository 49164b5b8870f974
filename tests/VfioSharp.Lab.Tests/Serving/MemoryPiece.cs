using System.Globalization;
using System.Text.RegularExpressions;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>What lies at some addresses of a machine, as QEMU's monitor shows it (<c>info mtree -f</c>): <c>ramd</c> is a function's memory that is mapped, <c>i/o</c> asks somebody.</summary>
/// <param name="First">The first address.</param>
/// <param name="Last">The last.</param>
/// <param name="Kind">What it is.</param>
/// <param name="Name">Whose.</param>
internal sealed partial record MemoryPiece(ulong First, ulong Last, string Kind, string Name)
{
    /// <summary>The pieces that the processors see.</summary>
    public static IEnumerable<MemoryPiece> Read(string map)
    {
        string view = map.Split("FlatView").Single(view => view.Contains("AS \"memory\","));
        return from Match match in Line().Matches(view)
               select new MemoryPiece(Number(match.Groups["first"]), Number(match.Groups["last"]), match.Groups["kind"].Value, match.Groups["name"].Value.Trim());
    }

    public override string ToString() => $"{First:x16}-{Last:x16} {Kind} {Name}";

    private static ulong Number(Group group) => ulong.Parse(group.Value, NumberStyles.HexNumber, CultureInfo.InvariantCulture);

    [GeneratedRegex(@"^\s*(?<first>[0-9a-f]{16})-(?<last>[0-9a-f]{16}) \(prio -?\d+, (?<kind>[^)]+)\): (?<name>.*)$", RegexOptions.Multiline)]
    private static partial Regex Line();
}
