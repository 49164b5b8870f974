using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;

namespace VfioSharp.Devices.Regions;

/// <summary>
/// The capabilities behind a description, linked by offsets (<c>struct vfio_info_cap_header</c>, <c>include/uapi/linux/vfio.h</c>): of regions and of
/// containers, in the kernel's and in vfio-user's messages. A peer may have written anything: what cannot be followed is a finding.
/// </summary>
/// <param name="Capabilities">The capabilities, in the chain's order.</param>
/// <param name="Findings">What is wrong with the chain; what came before is kept.</param>
internal sealed record InfoCapabilityChain(ImmutableArray<InfoCapability> Capabilities, ImmutableArray<string> Findings)
{
    private static readonly int HeaderLength = (int)NativeSize.Of<VfioInfoCapHeader>();

    /// <summary>No capabilities.</summary>
    public static InfoCapabilityChain Empty { get; } = new([], []);

    /// <summary>Follows a chain.</summary>
    /// <param name="info">The description with all that was given behind it.</param>
    /// <param name="fixedLength">How long the description itself is; no capability lies in it.</param>
    /// <param name="first">Where the first capability stands (<c>cap_offset</c>); 0 where there is none.</param>
    public static InfoCapabilityChain Read(ReadOnlySpan<byte> info, int fixedLength, uint first)
    {
        var headers = new List<(ushort Id, int Offset)>();

        // Offsets by themselves in units of a header's length: of headers that lie apart no two share one, so that a long chain is followed fast.
        var places = new Dictionary<int, int>();
        string? finding = null;
        for (uint next = first; next != 0;)
        {
            finding = FindFault(places, next, fixedLength, info.Length);
            if (finding is not null)
            {
                break;
            }

            VfioInfoCapHeader header = MemoryMarshal.Read<VfioInfoCapHeader>(info[(int)next..]);
            headers.Add((header.id, (int)next));
            places.Add((int)next / HeaderLength, (int)next);
            next = header.next;
        }

        int[] ends = [.. headers.Select(header => header.Offset).Order(), info.Length];
        return headers.Count == 0 && finding is null ? Empty : new(
            [.. headers.Select(header => new InfoCapability(header.Id, header.Offset, ends[Array.BinarySearch(ends, header.Offset) + 1]))],
            finding is null ? [] : [finding]);
    }

    // Headers lie apart, so there are no more of them than the description has room for: whatever the offsets are, the walk ends.
    private static string? FindFault(Dictionary<int, int> places, uint next, int fixedLength, int length)
    {
        if (next < fixedLength)
        {
            return $"a capability at 0x{next:x} would lie in the description itself";
        }

        if (next > length - HeaderLength)
        {
            return $"a capability at 0x{next:x} does not lie in the 0x{length:x} bytes that were given";
        }

        int place = (int)next / HeaderLength;
        for (int near = place - 1; near <= place + 1; near++)
        {
            if (places.TryGetValue(near, out int offset) && Math.Abs(offset - (int)next) < HeaderLength)
            {
                return offset == next ? $"the chain of capabilities comes back to 0x{next:x}" : $"the capability at 0x{next:x} overlaps the one at 0x{offset:x}";
            }
        }

        return null;
    }
}
