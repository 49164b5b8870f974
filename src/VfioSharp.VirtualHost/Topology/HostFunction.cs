using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>A function in its place on a virtual host: an endpoint or a bridge.</summary>
public abstract class HostFunction
{
    private const AcsServices KeepsApart =
        AcsServices.SourceValidation | AcsServices.RequestRedirect | AcsServices.CompletionRedirect | AcsServices.UpstreamForwarding;

    private protected HostFunction(HostBus bus, RequesterId id, bool isMultiFunction)
    {
        Bus = bus;
        IsMultiFunction = isMultiFunction;
        Address = new PciAddress(bus.HostBridge.Segment, id);
        Aliases = FindAliases(bus);
    }

    /// <summary>Its address.</summary>
    public PciAddress Address { get; }

    /// <summary>The bus it is on.</summary>
    public HostBus Bus { get; }

    /// <summary>The IOMMU group it is in; null where nothing translates for it.</summary>
    public HostGroup? Group { get; internal set; }

    /// <summary>The ID under which its requests arrive at the host bridge: its own, or that of a bridge that speaks for it.</summary>
    public RequesterId SeenAs => Aliases is [.., var last] ? last.Id : Address.RequesterId;

    /// <summary>The IDs that bridges above put in the place of its own, the topmost last.</summary>
    internal ImmutableArray<DmaAlias> Aliases { get; }

    /// <summary>What it is on PCI Express; null for a conventional function.</summary>
    internal abstract PciExpressPortType? PortType { get; }

    /// <summary>Whether other functions, virtual ones aside, have its device number.</summary>
    internal bool IsMultiFunction { get; }

    /// <summary>What configuration space holds now.</summary>
    public ConfigurationSpace ReadConfiguration()
    {
        byte[] image = new byte[PortType is null ? ConfigurationSpace.ConventionalLength : ConfigurationSpace.MaxLength];
        ReadConfiguration(0, image);
        return new ConfigurationSpace(image);
    }

    /// <summary>Reads configuration space, as the host does.</summary>
    /// <param name="offset">Where; the bytes lie in configuration space.</param>
    /// <param name="data">What is there.</param>
    internal abstract void ReadConfiguration(int offset, Span<byte> data);

    /// <summary>Writes configuration space, as the host does.</summary>
    internal abstract void WriteConfiguration(int offset, ReadOnlySpan<byte> data);

    /// <summary>Reads or writes what answers at an address of the bus; false where nothing of this function, or behind it, does.</summary>
    /// <param name="isPort">Whether it is an I/O port rather than memory.</param>
    /// <param name="address">Where.</param>
    /// <param name="read">What is read; empty for a write.</param>
    /// <param name="write">What is written; empty for a read.</param>
    internal abstract bool Access(bool isPort, ulong address, Span<byte> read, ReadOnlySpan<byte> write);

    /// <summary>
    /// Whether what goes through it, or between its neighbours, is kept apart, as Linux reads it from its registers (pci_acs_enabled(),
    /// drivers/pci/pci.c).
    /// </summary>
    internal bool KeepsOthersApart
    {
        get
        {
            bool ByRegisters() => ReadConfiguration().Capabilities.Acs is { } acs && (acs.Enabled & KeepsApart & acs.Supported) == (KeepsApart & acs.Supported);
            return PortType switch
            {
                null or PciExpressPortType.PciExpressToPciBridge => false,
                PciExpressPortType.RootPort or PciExpressPortType.DownstreamPort => ByRegisters(),
                _ => !IsMultiFunction || ByRegisters(),
            };
        }
    }

    /// <inheritdoc/>
    public override string ToString() => Address.ToString();

    // pci_for_each_dma_alias(), drivers/pci/search.c: ports forward what they get, other bridges speak for what is behind them.
    private static ImmutableArray<DmaAlias> FindAliases(HostBus bus)
    {
        var aliases = ImmutableArray.CreateBuilder<DmaAlias>();
        for (HostBus at = bus; at.Bridge is { } bridge; at = bridge.Bus)
        {
            switch (bridge.PortType)
            {
                case PciExpressPortType.PciExpressToPciBridge:
                    aliases.Add(new DmaAlias(new RequesterId((ushort)(at.Number << 8)), bridge.Address.Bus));
                    break;
                case null:
                    aliases.Add(new DmaAlias(bridge.Address.RequesterId, bridge.Address.Bus));
                    break;
                default:
                    break;
            }
        }

        return aliases.ToImmutable();
    }
}
