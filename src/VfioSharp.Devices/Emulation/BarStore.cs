using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>The memory of a BAR that is memory, and what of it a driver may map: a file of the BAR's length, mapped here whole.</summary>
internal sealed class BarStore : SafeHandle
{
    private readonly ulong mapped;

    private BarStore(MemoryFile file, nint address, ulong mapped, ImmutableArray<ByteRange> mappable)
        : base(0, ownsHandle: true)
    {
        File = file;
        Mappable = mappable;
        this.mapped = mapped;
        SetHandle(address);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>What a driver maps.</summary>
    public MemoryFile File { get; }

    /// <summary>The pages that hold nothing but memory, table and PBA; the last ends where the BAR does.</summary>
    public ImmutableArray<ByteRange> Mappable { get; }

    /// <summary>Where the BAR's first byte lies in this process, while this object lives.</summary>
    public nint Address => handle;

    /// <summary>Makes the memory of a BAR, zeroed; null where nothing of it is memory.</summary>
    /// <param name="bar">The BAR.</param>
    /// <param name="msix">Where the function's MSI-X structures lie; they are kept as memory.</param>
    /// <exception cref="PciException">There is no memory, or no descriptor, left.</exception>
    public static BarStore? Create(BarLayout bar, MsixPlacement? msix)
    {
        List<ByteRange> parts = [.. bar.Memory];
        if (msix?.TableBar == bar.Index)
        {
            parts.Add(new ByteRange(msix.TableOffset, msix.Capability.TableLength));
        }

        if (msix?.PbaBar == bar.Index)
        {
            parts.Add(new ByteRange(msix.PbaOffset, msix.Capability.PbaLength));
        }

        if (parts.Count == 0)
        {
            return null;
        }

        ulong page = (ulong)Environment.SystemPageSize;
        var grid = new PageGrid(new ByteRange(0, bar.Length), page);
        ImmutableArray<ByteRange> mappable = [.. RangeList.Union(parts).Select(grid.Inner).Where(range => !range.IsEmpty)];
        ulong length = (bar.Length + page - 1) & ~(page - 1);
        MemoryFile file = MemoryFile.Create($"vfiosharp-bar{bar.Index}", length);
        nint address = MappedMemory.Reserve(length);
        MappedMemory.Replace(address, length, file.Descriptor, 0, isPrivate: false);
        return new BarStore(file, address, length, mappable);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        MappedMemory.Release(handle, mapped);
        return true;
    }
}
