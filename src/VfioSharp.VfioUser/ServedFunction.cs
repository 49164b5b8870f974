using System.Collections.Immutable;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.VfioUser.Client;

namespace VfioSharp.VfioUser;

/// <summary>What a server has said of its function: see <see cref="VfioUserClient.DescribeAsync"/>. It does not change.</summary>
public sealed class ServedFunction
{
    private readonly ServedShape served;
    private readonly VfioUserClientOptions options;
    private readonly FunctionFacts facts;

    internal ServedFunction(string name, ServedShape served, ulong migrationStates, VfioUserClientOptions options)
    {
        this.served = served;
        this.options = options;
        Name = name;
        FunctionShape shape = served.ToFunction(name, options, (uint)Environment.SystemPageSize);
        facts = new FunctionFacts(shape, served.Configuration);
        CanMigrate = (migrationStates & VfioDeviceFeature.VFIO_MIGRATION_STOP_COPY) != 0;
        Regions = [.. served.Regions.Select((region, index) => ServedRegion.Of(index, region, shape.Region(index)))];
        Interrupts = [.. served.Interrupts.Select(ServedInterrupt.Of)];
    }

    /// <summary>The path of its socket.</summary>
    public string Name { get; }

    /// <summary>The version of the protocol that was agreed on.</summary>
    public Version Version => new(0, served.Minor);

    /// <summary>How many descriptors the server takes with one message.</summary>
    public int MaxMessageDescriptors => served.Server.MaxMessageDescriptors;

    /// <summary>How many bytes the server takes, or gives, with one message.</summary>
    public int MaxDataTransfer => served.Server.MaxDataTransfer;

    /// <summary>How many pieces of memory can be shown to the function at once.</summary>
    public int MaxDmaMaps => served.Server.MaxDmaMaps;

    /// <summary>Which page sizes that memory may be in, a bit each.</summary>
    public ulong PageSizes => served.Server.PageSizes;

    /// <summary>Whether the server's own commands have a socket of their own.</summary>
    public bool HasTwinSocket => served.Server.TwinSocket;

    /// <summary>Whether the server takes several writes in one message.</summary>
    public bool TakesManyWrites => served.Server.WriteMultiple;

    /// <summary>Whether the function can be reset.</summary>
    public bool CanReset => served.CanReset;

    /// <summary>Whether its state can be saved and restored elsewhere (stop-copy; <see cref="FunctionMigration"/>).</summary>
    public bool CanMigrate { get; }

    /// <summary>Its regions: BARs 0 to 5, ROM, configuration space, VGA, and what the server has beyond.</summary>
    public ImmutableArray<ServedRegion> Regions { get; }

    /// <summary>Its ways of interrupting: INTx, MSI, MSI-X, error, request.</summary>
    public ImmutableArray<ServedInterrupt> Interrupts { get; }

    /// <summary>Its configuration space.</summary>
    public ConfigurationSpace Configuration => served.Configuration;

    /// <summary>Its BARs, with the lengths that the server gives them.</summary>
    public BarSet Bars => facts.Bars;

    /// <summary>Where its MSI-X table and pending bit array lie; null where it has no MSI-X.</summary>
    public MsixGeometry? Msix => facts.Msix;

    /// <summary>Decides about the BAR that holds the MSI-X table as a client on pages of another size would: by what the server offers, and the options.</summary>
    /// <param name="pageSize">In bytes, a power of two.</param>
    /// <returns>The decision; null where there is no usable table.</returns>
    /// <exception cref="ArgumentException"><paramref name="pageSize"/> is no power of two.</exception>
    public MsixTableDecision? DecideTable(uint pageSize) =>
        facts.Msix is { IsUsable: true } msix ? new FunctionFacts(served.ToFunction(Name, options, pageSize), Configuration).Decide(Bars[msix.TableBar]) : null;
}
