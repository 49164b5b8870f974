using System.Buffers.Binary;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>A bridge of a virtual host: it forwards what its registers say, downstream by address and upstream if it may master the bus.</summary>
public sealed class BridgeFunction : HostFunction
{
    private readonly Lock gate = new();
    private readonly ConfigurationModel configuration;

    internal BridgeFunction(HostBus bus, RequesterId id, BridgePlan plan, byte secondaryBus, bool isMultiFunction)
        : base(bus, id, isMultiFunction)
    {
        Kind = plan.Kind;
        configuration = BridgeRegisters.Create(plan.Kind, isMultiFunction, plan.HasAcs);
        SecondaryBus = HostBus.CreateBehind(this, secondaryBus);
    }

    /// <summary>What kind of bridge it is.</summary>
    public BridgeKind Kind { get; }

    /// <summary>The bus behind it.</summary>
    public HostBus SecondaryBus { get; }

    /// <inheritdoc/>
    internal override PciExpressPortType? PortType => BridgeRegisters.PortTypeOf(Kind);

    /// <summary>Whether it forwards requests upstream (PCIe 6.0, 7.5.1.1.3).</summary>
    internal bool CanMaster
    {
        get
        {
            lock (gate)
            {
                return configuration.CanMaster;
            }
        }
    }

    /// <inheritdoc/>
    internal override void ReadConfiguration(int offset, Span<byte> data)
    {
        lock (gate)
        {
            configuration.Read(offset, data);
        }
    }

    /// <inheritdoc/>
    internal override void WriteConfiguration(int offset, ReadOnlySpan<byte> data)
    {
        lock (gate)
        {
            configuration.Write(offset, data);
        }
    }

    /// <inheritdoc/>
    internal override bool Access(bool isPort, ulong address, Span<byte> read, ReadOnlySpan<byte> write)
    {
        if (!Forwards(isPort, address))
        {
            return false;
        }

        foreach (HostFunction function in SecondaryBus.Functions)
        {
            if (function.Access(isPort, address, read, write))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Programs it as firmware does: bus numbers, windows, and forwarding both ways.</summary>
    /// <param name="subordinate">The highest bus number behind it.</param>
    /// <param name="keepsApart">Whether its access control services are turned on, as Linux does where there is an IOMMU.</param>
    internal void Program(byte subordinate, bool keepsApart)
    {
        BusWindows windows = SecondaryBus.Windows;
        Write32(BridgeRegisters.BusNumbers, (uint)Bus.Number | ((uint)SecondaryBus.Number << 8) | ((uint)subordinate << 16));

        (ulong first, ulong last) = Bounds(windows, BusWindows.Space.Io);
        Write16(BridgeRegisters.IoBase, (ushort)(((first >> 8) & 0xF0) | (last & 0xF000)));
        Write32(BridgeRegisters.IoUpper, (uint)((first >> 16) | (last & 0xFFFF_0000)));
        (first, last) = Bounds(windows, BusWindows.Space.Memory32);
        Write32(BridgeRegisters.MemoryBase, (uint)(((first >> 16) & 0xFFF0) | (last & 0xFFF0_0000)));
        (first, last) = Bounds(windows, BusWindows.Space.Memory64);
        Write32(BridgeRegisters.PrefetchableBase, (uint)(((first >> 16) & 0xFFF0) | (last & 0xFFF0_0000)));
        Write32(BridgeRegisters.PrefetchableUpper, (uint)(first >> 32));
        Write32(BridgeRegisters.PrefetchableUpper + 4, (uint)(last >> 32));
        Write16(BridgeRegisters.Command, (ushort)(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster));
        if (keepsApart && ReadConfiguration().Capabilities.Acs is { } acs)
        {
            Write16(acs.Offset + 6, (ushort)(AcsServices.SourceValidation | AcsServices.RequestRedirect | AcsServices.CompletionRedirect | AcsServices.UpstreamForwarding));
        }
    }

    // An empty window's base lies above its limit.
    private static (ulong First, ulong Last) Bounds(BusWindows windows, BusWindows.Space space) =>
        windows[space] is { IsEmpty: false } range ? (range.Offset, range.End - 1) : (0xFFF0_0000, 0);

    private bool Forwards(bool isPort, ulong address)
    {
        lock (gate)
        {
            PciCommand needed = isPort ? PciCommand.IoSpace : PciCommand.MemorySpace;
            if ((configuration.Command & needed) == 0)
            {
                return false;
            }

            if (isPort)
            {
                ushort low = configuration.Read16(BridgeRegisters.IoBase);
                uint high = configuration.Read32(BridgeRegisters.IoUpper);
                return address >= (((high & 0xFFFF) << 16) | ((uint)(low & 0xF0) << 8)) && address <= ((high & 0xFFFF_0000) | (uint)(low & 0xF000) | 0xFFF);
            }

            uint memory = configuration.Read32(BridgeRegisters.MemoryBase);
            uint prefetchable = configuration.Read32(BridgeRegisters.PrefetchableBase);
            ulong first = ((ulong)configuration.Read32(BridgeRegisters.PrefetchableUpper) << 32) | ((ulong)(prefetchable & 0xFFF0) << 16);
            ulong last = ((ulong)configuration.Read32(BridgeRegisters.PrefetchableUpper + 4) << 32) | (prefetchable & 0xFFF0_0000) | 0xF_FFFF;
            return (address >= (ulong)(memory & 0xFFF0) << 16 && address <= ((memory & 0xFFF0_0000) | 0xF_FFFFUL)) || (address >= first && address <= last);
        }
    }

    private void Write16(int offset, ushort value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(ushort)];
        BinaryPrimitives.WriteUInt16LittleEndian(bytes, value);
        WriteConfiguration(offset, bytes);
    }

    private void Write32(int offset, uint value)
    {
        Span<byte> bytes = stackalloc byte[sizeof(uint)];
        BinaryPrimitives.WriteUInt32LittleEndian(bytes, value);
        WriteConfiguration(offset, bytes);
    }
}
