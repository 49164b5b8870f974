using System.Text;

namespace VfioSharp.Pci.Acpi;

/// <summary>A device of the ACPI name space that sends requests (Arm DEN0049E, 3.1.1.2).</summary>
internal sealed class IortNamedComponent : IortNode
{
    /// <summary>The bytes before the name.</summary>
    internal const int FixedSize = 29;

    /// <summary>Reads the node; at least <see cref="FixedSize"/> bytes must be there.</summary>
    internal IortNamedComponent(AcpiStructure structure, IReadOnlyList<IortIdMapping> mappings)
        : base(structure, mappings)
    {
        ReadOnlySpan<byte> text = structure.Bytes.Span[FixedSize..];
        int end = text.IndexOf((byte)0);
        Name = Encoding.ASCII.GetString(end < 0 ? text : text[..end]);
    }

    /// <summary>The path of the device in the ACPI name space.</summary>
    public string Name { get; }
}
