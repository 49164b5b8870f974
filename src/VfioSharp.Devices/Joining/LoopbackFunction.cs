using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Joining;

/// <summary>An emulated function as a driver in the same process holds it, by the rules that vfio-pci has for physical ones.</summary>
internal sealed class LoopbackFunction : PciFunction
{
    private readonly FunctionPort port;
    private readonly HostOwned owned;

    /// <summary>Joins a driver to a function.</summary>
    /// <param name="port">The function.</param>
    /// <param name="shape">What the driver sees.</param>
    /// <param name="hidesTable">Whether the MSI-X table cannot be read and written through its region.</param>
    public LoopbackFunction(FunctionPort port, FunctionShape shape, bool hidesTable = true)
        : base(shape)
    {
        this.port = port;
        MsixPlacement? msix = hidesTable ? port.Layout.MsixPlacement : null;
        CapabilityOffsets capabilities = port.Core.Configuration.Capabilities;
        owned = new HostOwned(
            msix?.TableBar ?? -1, msix is null ? default : new ByteRange(msix.TableOffset, msix.Capability.TableLength), capabilities.Msix, capabilities.Msi);
    }

    /// <inheritdoc/>
    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        if (!port.Core.Read(region, offset, data))
        {
            return false;
        }

        owned.Hide(region, offset, data);
        return true;
    }

    /// <inheritdoc/>
    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (region == RegionIndex.Configuration)
        {
            return WriteConfiguration((int)offset, data);
        }

        ByteRange hidden = owned.PartOfTable(region, offset, data.Length);
        if (hidden.IsEmpty)
        {
            return port.Core.Write(region, offset, data);
        }

        int before = (int)(hidden.Offset - offset);
        return port.Core.Write(region, offset, data[..before]) && port.Core.Write(region, hidden.End, data[(before + (int)hidden.Length)..]);
    }

    /// <inheritdoc/>
    internal override void MapRegionCore(int region, ByteRange range, nint address)
    {
        if (port.Core.Bars.StoreOf(region) is not { } store || !Shape.Region(region).Mappable.Any(allowed => allowed.Contains(range)))
        {
            throw new PciException($"map BAR {region}", $"{range} of BAR {region} of {Name} is not to be mapped (EINVAL)", Address, (int)Errno.EINVAL);
        }

        Check(MappedMemory.Map(address, range.Length, store.File.File, range.Offset), region);
    }

    /// <inheritdoc/>
    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers) =>
        port.SetTriggers(kind, start, triggers);

    /// <inheritdoc/>
    internal override void DisableInterruptsCore(InterruptKind kind) => port.ClearTriggers(kind);

    /// <inheritdoc/>
    internal override void UnmaskIntxCore() => port.UnmaskIntx();

    /// <inheritdoc/>
    internal override async ValueTask ResetCore(CancellationToken stop)
    {
        try
        {
            await port.ResetAsync(stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is not OperationCanceledException)
        {
            throw new PciException("reset", $"{Name} failed to reset: {exception.Message}", Address, innerException: exception);
        }
    }

    /// <inheritdoc/>
    internal override void MapDmaCore(in DmaRegion region)
    {
        if (!port.AddMemory(new AddressRegion(region.Iova, region.Address, region.Length, region.Access)))
        {
            throw new PciException("map memory", $"{Name} sees other memory at {region.Iova} already", Address, (int)Errno.EEXIST);
        }
    }

    /// <inheritdoc/>
    internal override void UnmapDmaCore(in DmaRegion region) =>
        port.RemoveMemoryAsync(region.Iova, region.Iova + (region.Length - 1)).AsTask().GetAwaiter().GetResult();

    /// <inheritdoc/>
    internal override ValueTask CloseCore() => port.DisposeAsync();

    private bool WriteConfiguration(int offset, ReadOnlySpan<byte> data)
    {
        Span<byte> current = stackalloc byte[data.Length];
        if (!port.Core.Read(RegionIndex.Configuration, (ulong)offset, current))
        {
            return false;
        }

        Span<byte> allowed = stackalloc byte[data.Length];
        data.CopyTo(allowed);
        owned.Keep(offset, allowed, current);
        return port.Core.Write(RegionIndex.Configuration, (ulong)offset, allowed);
    }

    private void Check(Errno error, int bar)
    {
        if (error != Errno.None)
        {
            throw new PciException($"map BAR {bar}", $"BAR {bar} of {Name} cannot be mapped ({error}): see vm.max_map_count", Address, (int)error);
        }
    }
}
