using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Devices.Seam;

/// <summary>What the configuration space of an open function says that does not change while it is open.</summary>
internal sealed class FunctionFacts
{
    private readonly FunctionShape shape;

    public FunctionFacts(FunctionShape shape, ConfigurationSpace configuration)
    {
        this.shape = shape;
        Bars = ReadBars(shape, configuration);
        Msix = configuration.Capabilities.Msix is { } capability
            ? MsixGeometry.Create(capability, Bars, configuration.VendorId, configuration.DeviceId) : null;
    }

    /// <summary>The function's BARs, with the lengths that the backend gives them.</summary>
    public BarSet Bars { get; }

    /// <summary>Where its MSI-X table and pending bit array lie; null where it has no MSI-X.</summary>
    public MsixGeometry? Msix { get; }

    /// <summary>Asks what to map of a BAR.</summary>
    public MsixTableDecision Decide(BarResource resource)
    {
        ByteRange? table = Msix?.TableBar == resource.Index ? Msix.Table : null;
        ByteRange? pba = Msix?.PbaBar == resource.Index ? Msix.Pba : null;
        return MsixTablePolicy.Decide(new MsixTableQuestion(
            new ByteRange(0, resource.Length), table, pba, shape.Region(resource.Index).Mappable, shape.PageSize, shape.Isolation, shape.TableRule)
        {
            IsolationAdvice = shape.IsolationAdvice,
        });
    }

    private static BarSet ReadBars(FunctionShape shape, ConfigurationSpace configuration)
    {
        // The header tells the kinds, the backend the lengths. A 32-bit BAR that was given no address reads as one that is not there.
        BarSet header = BarSet.FromHeader(configuration);
        return BarSet.Of([.. header.Select(bar => (bar.Kind, shape.Region(bar.Index).Length) switch
        {
            (BarKind.UpperHalf, _) or (_, 0) => bar with { Length = 0 },
            (BarKind.Unimplemented, ulong length) => new BarResource(bar.Index, BarKind.Memory32, false, 0, length, false),
            (_, ulong length) => bar with { Length = length },
        })]);
    }
}
