namespace VfioSharp.Pci.Acpi;

/// <summary>A group of interrupt translation services that share their DeviceIDs (Arm DEN0049E, 3.1.1.1).</summary>
internal sealed class IortItsGroup : IortNode
{
    /// <summary>The bytes before the list of identifiers.</summary>
    internal const int FixedSize = 20;

    /// <summary>Reads the node; at least <see cref="FixedSize"/> bytes must be there.</summary>
    internal IortItsGroup(AcpiStructure structure, IReadOnlyList<IortIdMapping> mappings, int count)
        : base(structure, mappings)
    {
        var identifiers = new uint[count];
        for (int i = 0; i < count; i++)
        {
            identifiers[i] = structure.U32(FixedSize + (4 * i));
        }

        Identifiers = identifiers.AsReadOnly();
    }

    /// <summary>The services, by the IDs that the MADT gives them.</summary>
    public IReadOnlyList<uint> Identifiers { get; }
}
