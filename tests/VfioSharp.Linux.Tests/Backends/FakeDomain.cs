using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Backends;

namespace VfioSharp.Linux.Tests.Backends;

/// <summary>Refuses what overlaps, as the kernel does.</summary>
internal sealed class FakeDomain : DmaDomain
{
    public List<DmaRegion> Mapped { get; } = [];

    public Errno Refusal { get; set; }

    public override Errno Map(in DmaRegion region)
    {
        ulong first = region.Iova.Value;
        ulong last = first + region.Length - 1;
        if (Mapped.Exists(other => other.Iova.Value <= last && first <= other.Iova.Value + other.Length - 1))
        {
            return Errno.EEXIST;
        }

        if (Refusal == Errno.None)
        {
            Mapped.Add(region);
        }

        return Refusal;
    }

    public override Errno Unmap(in DmaRegion region)
    {
        Iova iova = region.Iova;
        Mapped.RemoveAll(other => other.Iova == iova).ShouldBe(1);
        return Errno.None;
    }
}
