using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Linux.Backends;

/// <summary>A function of this host, open through VFIO.</summary>
internal sealed class VfioFunction : PciFunction
{
    private const int ResetAttempts = 20;
    private static readonly TimeSpan ResetPause = TimeSpan.FromMilliseconds(50);

    private readonly PciAddress address;
    private readonly ImmutableArray<RegionDescription> regions;
    private readonly Attachment attachment;
    private readonly FunctionNotices notices;

    /// <summary>Takes over what has been opened.</summary>
    /// <param name="shape">The function.</param>
    /// <param name="device">Its file.</param>
    /// <param name="regions">Its regions, where they lie in the file.</param>
    /// <param name="attachment">Its group; the function's share is released when it is closed.</param>
    public VfioFunction(FunctionShape shape, DeviceFile device, ImmutableArray<RegionDescription> regions, Attachment attachment)
        : base(shape)
    {
        address = shape.Address!.Value;
        Device = device;
        this.regions = regions;
        this.attachment = attachment;
        notices = new FunctionNotices(this);
    }

    /// <summary>The function's file.</summary>
    public DeviceFile Device { get; }

    /// <summary>
    /// Makes the function ready: awake, its registers and bus mastering on. The kernel has reset it when it was opened, where it can be, and turned bus
    /// mastering off.
    /// </summary>
    /// <exception cref="PciException">The kernel refuses.</exception>
    public void Start()
    {
        notices.Listen();
        ConfigurationSpace configuration = Configuration.Read();
        if (configuration.Capabilities.PowerManagement is { } power && PowerStates.Wake(Configuration, power))
        {
            configuration = Configuration.Read();
        }

        bool hasPorts = BarSet.FromHeader(configuration).Any(bar => bar is { IsImplemented: true, IsMemory: false });
        Configuration.SetCommand(PciCommand.MemorySpace | PciCommand.BusMaster | (hasPorts ? PciCommand.IoSpace : 0), true);
    }

    /// <inheritdoc/>
    internal override bool ReadRegionCore(int region, ulong offset, Span<byte> data)
    {
        if (!Lies(region, offset, data.Length))
        {
            return false;
        }

        try
        {
            Errno error = Device.Read(regions[region], offset, data);
            return error == Errno.None || Missed(error);
        }
        catch (ObjectDisposedException)
        {
            return false; // closed by another thread meanwhile
        }
    }

    /// <inheritdoc/>
    internal override bool WriteRegionCore(int region, ulong offset, ReadOnlySpan<byte> data)
    {
        if (!Lies(region, offset, data.Length))
        {
            return false;
        }

        try
        {
            Errno error = Device.Write(regions[region], offset, data);
            return error == Errno.None || Missed(error);
        }
        catch (ObjectDisposedException)
        {
            return false;
        }
    }

    /// <inheritdoc/>
    internal override void MapRegionCore(int region, ByteRange range, nint address)
    {
        Errno error = MappedMemory.Map(address, range.Length, Device.File, regions[region].FileOffset + range.Offset);
        if (error != Errno.None)
        {
            string why = error == Errno.ENOMEM ? "the process has too many mappings: see vm.max_map_count" : "the kernel refuses what it had offered";
            throw new PciException($"map BAR {region}", $"{Name}: {range} of BAR {region} cannot be mapped ({error}): {why}", this.address, (int)error);
        }
    }

    /// <inheritdoc/>
    internal override void EnableInterruptsCore(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers)
    {
        Errno error = Device.SetInterrupts(IrqSetRequest.Trigger(kind, start, triggers), out int available);
        if (error != Errno.None || available > 0)
        {
            throw InterruptFault.Of(address, kind, start + triggers.Length, available, error);
        }
    }

    /// <inheritdoc/>
    internal override void DisableInterruptsCore(InterruptKind kind) => Device.SetInterrupts(IrqSetRequest.Disable(kind), out _);

    /// <inheritdoc/>
    internal override void UnmaskIntxCore()
    {
        Errno error = Device.SetInterrupts(IrqSetRequest.Unmask(InterruptKind.Intx), out _);
        if (error != Errno.None)
        {
            throw new PciException("unmask INTx", $"{Name}: the interrupt line cannot be unmasked ({error})", address, (int)error);
        }
    }

    /// <inheritdoc/>
    internal override async ValueTask ResetCore(CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        for (int attempt = 1; ; attempt++)
        {
            // Some resets take a second or more, all of it inside the call.
            Errno error = await Task.Run(Device.Reset, CancellationToken.None).ConfigureAwait(false);
            if (error == Errno.None)
            {
                return;
            }

            if (error != Errno.EAGAIN || attempt == ResetAttempts)
            {
                throw new PciException("reset", $"{Name}: the reset failed ({error}); the kernel's log may say why", address, (int)error);
            }

            await Task.Delay(ResetPause, stop).ConfigureAwait(false);
        }
    }

    /// <inheritdoc/>
    internal override void MapDmaCore(in DmaRegion region)
    {
        Errno error = attachment.Domain.Map(region);
        if (error != Errno.None)
        {
            throw DmaFault.Of(address, attachment.Backend, region, attachment.Domain.Limits, error);
        }
    }

    /// <inheritdoc/>
    internal override void UnmapDmaCore(in DmaRegion region) => attachment.Domain.Unmap(region);

    /// <inheritdoc/>
    internal override async ValueTask CloseCore()
    {
        notices.Stop();

        // The kernel resets the function as its file is closed, and unmaps what is left when the group is. Both can take their time.
        await Task.Run(Close).ConfigureAwait(false);
    }

    /// <summary>Closes what the function holds, at once.</summary>
    internal void Close()
    {
        Device.Dispose();
        Attachments.Shared.Release(attachment, address);
        notices.Dispose();
    }

    private bool Lies(int region, ulong offset, int length) =>
        region < regions.Length && offset <= regions[region].Length && (ulong)length <= regions[region].Length - offset;

    // EIO is also what VFIO says of a BAR while memory decoding is off or the function sleeps: it is gone only if its configuration space is too.
    private bool Missed(Errno error)
    {
        Span<byte> identity = stackalloc byte[sizeof(uint)];
        if (error is Errno.ENODEV or Errno.ENXIO
            || Device.Read(regions[RegionIndex.Configuration], 0, identity) != Errno.None || identity.IndexOfAnyExcept(byte.MaxValue) < 0)
        {
            Lose();
        }

        return false;
    }
}
