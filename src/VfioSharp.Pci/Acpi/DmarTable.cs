using System.Collections.ObjectModel;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>The DMA Remapping Reporting table: Intel's remapping units and what each is responsible for (VT-d 4.1, chapter 8).</summary>
/// <remarks>It says what the platform has, not what is in use: <c>intremap=off</c> leaves it unchanged.</remarks>
internal sealed class DmarTable : AcpiTable
{
    private const int FixedSize = 48;
    private const int HardwareUnit = 0;
    private const int ReservedMemory = 1;
    private const int HardwareUnitSize = 16;
    private const int ReservedMemorySize = 24;
    private const int ScopeSize = 6;

    private DmarTable(AcpiTableReader reader, List<DmarUnit> units, List<DmarReservedRegion> regions, int others)
        : base(reader)
    {
        AcpiStructure table = reader.Table;
        if (table.Length > 0)
        {
            HostAddressWidth = table.U8(36) + 1;
            byte flags = table.U8(37);
            SupportsInterruptRemapping = (flags & 1) != 0;
            OptsOutOfX2Apic = (flags & 2) != 0;
            OptsInToDmaControl = (flags & 4) != 0;
        }

        Units = units.AsReadOnly();
        ReservedRegions = regions.AsReadOnly();
        OtherStructureCount = others;
    }

    /// <summary>How many address bits the platform's DMA reaches, 1 to 256; 0 where the table was not read.</summary>
    public int HostAddressWidth { get; }

    /// <summary>INTR_REMAP: whether the platform supports interrupt remapping. The units' own capability registers must agree.</summary>
    public bool SupportsInterruptRemapping { get; }

    /// <summary>X2APIC_OPT_OUT: whether the firmware asks the operating system not to use x2APIC mode.</summary>
    public bool OptsOutOfX2Apic { get; }

    /// <summary>DMA_CTRL_PLATFORM_OPT_IN_FLAG: whether the firmware kept devices from DMA until the operating system took over.</summary>
    public bool OptsInToDmaControl { get; }

    /// <summary>The remapping units, in the table's order.</summary>
    public IReadOnlyList<DmarUnit> Units { get; }

    /// <summary>The reserved memory regions, in the table's order.</summary>
    public IReadOnlyList<DmarReservedRegion> ReservedRegions { get; }

    /// <summary>How many structures of other types there are (ATSR, RHSA, ANDD, SATC, SIDP, and what came later).</summary>
    public int OtherStructureCount { get; }

    /// <summary>
    /// The IDs of the IO-APICs whose requests some unit takes. Linux gives up interrupt remapping where one of the machine's is missing
    /// here (<c>drivers/iommu/intel/irq_remapping.c</c>, <c>parse_ioapics_under_ir</c>).
    /// </summary>
    public IEnumerable<byte> IoApicIds =>
        (from unit in Units
         from scope in unit.Scopes
         where scope.Type == DmarScopeType.IoApic
         select scope.EnumerationId).Distinct();

    /// <summary>Parses a table, whatever its bytes are.</summary>
    public static DmarTable Parse(ReadOnlyMemory<byte> content)
    {
        var reader = new AcpiTableReader(content, "DMAR", FixedSize);
        var units = new List<DmarUnit>();
        var regions = new List<DmarReservedRegion>();
        int others = 0;
        foreach (AcpiStructure structure in reader.Structures(FixedSize, reader.Bytes.Length, AcpiStructureLayout.Dmar, "the structure"))
        {
            switch (structure.Type)
            {
                case HardwareUnit when reader.Holds(structure, HardwareUnitSize, "the DRHD structure"):
                    units.Add(new DmarUnit(
                        structure.U16(6), (structure.U8(4) & 1) != 0, structure.U64(8), Scopes(reader, structure, HardwareUnitSize)));
                    break;
                case ReservedMemory when reader.Holds(structure, ReservedMemorySize, "the RMRR structure"):
                    regions.Add(new DmarReservedRegion(
                        structure.U16(6), structure.U64(8), structure.U64(16), Scopes(reader, structure, ReservedMemorySize)));
                    break;
                case HardwareUnit or ReservedMemory:
                    break;
                default:
                    others++;
                    break;
            }
        }

        return new DmarTable(reader, units, regions, others);
    }

    /// <summary>
    /// The unit that is responsible for a function, or null where the table names none: first a unit that names the function or a
    /// bridge above it, else the segment's unit that includes all (VT-d 4.1, 8.3; <c>drivers/iommu/intel/iommu.c</c>,
    /// <c>device_lookup_iommu</c>).
    /// </summary>
    /// <param name="function">The function. For a VF pass its PF, since scopes do not list VFs.</param>
    /// <param name="bridge">
    /// The buses below the bridge at an address, or null where there is no bridge. A scope's path is followed with it; a scope that
    /// leads nowhere names nothing.
    /// </param>
    public DmarUnit? UnitFor(PciAddress function, Func<PciAddress, BridgeBuses?> bridge)
    {
        ArgumentNullException.ThrowIfNull(bridge);
        DmarUnit? rest = null;
        foreach (DmarUnit unit in Units)
        {
            if (unit.Segment != function.Segment)
            {
                continue;
            }

            if (unit.IncludesAll)
            {
                rest ??= unit;
            }
            else if (unit.Names(function, bridge))
            {
                return unit;
            }
        }

        return rest;
    }

    private static ReadOnlyCollection<DmarDeviceScope> Scopes(AcpiTableReader reader, AcpiStructure owner, int start)
    {
        var scopes = new List<DmarDeviceScope>();
        int end = owner.Offset + owner.Length;
        foreach (AcpiStructure scope in reader.Structures(owner.Offset + start, end, AcpiStructureLayout.DmarScope, "the device scope"))
        {
            int hops = (scope.Length - ScopeSize) / 2;
            if (hops == 0 || scope.Length % 2 != 0)
            {
                reader.Note($"the device scope at {AcpiTableReader.Hex(scope.Offset)} has a path of {scope.Length - ScopeSize} bytes");
            }

            var path = new DmarPathHop[hops];
            for (int i = 0; i < hops; i++)
            {
                path[i] = new DmarPathHop(scope.U8(ScopeSize + (2 * i)), scope.U8(ScopeSize + (2 * i) + 1));
            }

            scopes.Add(new DmarDeviceScope((DmarScopeType)scope.Type, scope.U8(4), scope.U8(5), path.AsReadOnly()));
        }

        return scopes.AsReadOnly();
    }
}
