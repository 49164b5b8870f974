using System.Collections.Immutable;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Seam;

/// <summary>A region of a function as its backend describes it, every dialect already turned into ranges.</summary>
/// <param name="Length">Its length in bytes; 0 where there is none.</param>
/// <param name="IsReadable">Whether it can be read through the backend.</param>
/// <param name="IsWritable">Whether it can be written through the backend.</param>
/// <param name="Mappable">What the backend can map at all (<see cref="BackendRanges"/>).</param>
internal readonly record struct RegionShape(ulong Length, bool IsReadable, bool IsWritable, ImmutableArray<ByteRange> Mappable)
{
    /// <summary>A region that is not there.</summary>
    public static RegionShape Absent => new(0, false, false, []);
}
