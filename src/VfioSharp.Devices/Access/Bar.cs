using System.Collections.Immutable;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Access;

/// <summary>A BAR of an open function. Dispose it when done; its registers read as all ones afterwards.</summary>
public sealed class Bar : IDisposable
{
    private readonly PciFunction function;
    private readonly BarAperture aperture;

    internal Bar(PciFunction function, BarResource resource, MsixTableDecision decision, BarAperture aperture)
    {
        this.function = function;
        this.aperture = aperture;
        Resource = resource;
        MsixTable = decision;
        Registers = new Registers(function, resource, decision, aperture);
    }

    /// <summary>Which BAR it is, its kind and its length.</summary>
    public BarResource Resource { get; }

    /// <summary>0 to 5.</summary>
    public int Index => Resource.Index;

    /// <summary>Its length in bytes.</summary>
    public ulong Length => Resource.Length;

    /// <summary>What was decided about the page that holds the MSI-X table, and why; where the table lies elsewhere, that.</summary>
    public MsixTableDecision MsixTable { get; }

    /// <summary>What is mapped: accesses are loads and stores.</summary>
    public ImmutableArray<ByteRange> Mapped => MsixTable.Mapped;

    /// <summary>What is not mapped: accesses go through the backend, slower, with the same effect.</summary>
    public ImmutableArray<ByteRange> Trapped => MsixTable.Trapped;

    /// <summary>Its registers.</summary>
    public Registers Registers { get; }

    /// <summary>Ends the use of this mapping. Others of the same BAR stay.</summary>
    public void Dispose() => function.Release(aperture);
}
