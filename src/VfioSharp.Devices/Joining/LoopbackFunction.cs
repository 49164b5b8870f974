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
    private readonly MsixPlacement? msix;

    public LoopbackFunction(FunctionPort port, FunctionShape shape)
        : base(shape)
    {
        this.port = port;
        msix = port.Layout.MsixPlacement;
    }

    /// <inheritdoc/>
    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        if (!port.Core.Read(region, offset, data))
        {
            return false;
        }

        // vfio-pci shows the table to nobody through the region (vfio_pci_bar_rw(), drivers/vfio/pci/vfio_pci_rdwr.c).
        ByteRange hidden = HiddenPart(region, offset, data.Length);
        if (!hidden.IsEmpty)
        {
            data.Slice((int)(hidden.Offset - offset), (int)hidden.Length).Fill(byte.MaxValue);
        }

        return true;
    }

    /// <inheritdoc/>
    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (region == RegionIndex.Configuration)
        {
            return WriteConfiguration((int)offset, data);
        }

        ByteRange hidden = HiddenPart(region, offset, data.Length);
        if (hidden.IsEmpty)
        {
            return port.Core.Write(region, offset, data);
        }

        int before = (int)(hidden.Offset - offset);
        return port.Core.Write(region, offset, data[..before]) && port.Core.Write(region, hidden.End, data[(before + (int)hidden.Length)..]);
    }

    /// <inheritdoc/>
    internal override void MapRegionCore(int region, ByteRange range, nint address) =>
        Check(MappedMemory.Map(address, range.Length, port.Core.Bars.StoreOf(region)!.File.File, range.Offset), region);

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

    /// <summary>vfio-pci keeps the capabilities that its own interrupt calls program from whoever drives (vfio_pci_config.c).</summary>
    private bool WriteConfiguration(int offset, ReadOnlySpan<byte> data)
    {
        Span<byte> allowed = stackalloc byte[data.Length];
        data.CopyTo(allowed);
        if (!port.Core.Read(RegionIndex.Configuration, (ulong)offset, allowed))
        {
            return false;
        }

        CapabilityOffsets capabilities = port.Core.Configuration.Capabilities;
        for (int i = 0; i < data.Length; i++)
        {
            if (!IsIn(capabilities.Msix, ConfigurationImage.MsixLength, offset + i) && !IsIn(capabilities.Msi, ConfigurationImage.MsiLength, offset + i))
            {
                allowed[i] = data[i];
            }
        }

        return port.Core.Write(RegionIndex.Configuration, (ulong)offset, allowed);

        static bool IsIn(int capability, int length, int at) => capability != 0 && at >= capability && at < capability + length;
    }

    private void Check(Errno error, int bar)
    {
        if (error != Errno.None)
        {
            throw new PciException($"map BAR {bar}", $"BAR {bar} of {Name} cannot be mapped ({error}): see vm.max_map_count", Address, (int)error);
        }
    }

    private ByteRange HiddenPart(int region, ulong offset, int length) => msix is not null && region == msix.TableBar
        ? new ByteRange(msix.TableOffset, msix.Capability.TableLength).Intersect(new ByteRange(offset, (ulong)length)) : default;
}
