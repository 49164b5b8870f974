using System.Buffers.Binary;

namespace VfioSharp.Pci.Acpi;

/// <summary>How the structures of one kind of table say what they are and how long they are.</summary>
/// <param name="TypeSize">The size of the type field, which comes first: 1 or 2 bytes.</param>
/// <param name="LengthOffset">Where the length field lies.</param>
/// <param name="LengthSize">The size of the length field: 1 or 2 bytes.</param>
/// <param name="HeaderSize">The bytes that every structure has; a shorter length is nonsense.</param>
internal sealed record AcpiStructureLayout(int TypeSize, int LengthOffset, int LengthSize, int HeaderSize)
{
    /// <summary>Remapping structures (VT-d 4.1, 8.2).</summary>
    public static AcpiStructureLayout Dmar { get; } = new(2, 2, 2, 4);

    /// <summary>Device scopes inside a remapping structure (VT-d 4.1, 8.3.1).</summary>
    public static AcpiStructureLayout DmarScope { get; } = new(1, 1, 1, 6);

    /// <summary>IVHD and IVMD blocks (AMD IOMMU specification 3.08, 5.2).</summary>
    public static AcpiStructureLayout Ivrs { get; } = new(1, 2, 2, 6);

    /// <summary>Interrupt controller structures (ACPI 6.5, 5.2.12).</summary>
    public static AcpiStructureLayout Madt { get; } = new(1, 1, 1, 2);

    /// <summary>IORT nodes (Arm DEN0049E, 3.1).</summary>
    public static AcpiStructureLayout Iort { get; } = new(1, 1, 2, 16);

    /// <summary>The type that the structure at the start of <paramref name="bytes"/> gives. At least the header must be there.</summary>
    public int TypeOf(ReadOnlySpan<byte> bytes) => Read(bytes, 0, TypeSize);

    /// <summary>The length that the structure at the start of <paramref name="bytes"/> gives. At least the header must be there.</summary>
    public int LengthOf(ReadOnlySpan<byte> bytes) => Read(bytes, LengthOffset, LengthSize);

    private static int Read(ReadOnlySpan<byte> bytes, int offset, int size) =>
        size == 1 ? bytes[offset] : BinaryPrimitives.ReadUInt16LittleEndian(bytes[offset..]);
}
