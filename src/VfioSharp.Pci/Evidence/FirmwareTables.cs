using VfioSharp.Pci.Acpi;

namespace VfioSharp.Pci.Evidence;

/// <summary>The ACPI tables that tell of IOMMUs and interrupt controllers, as bytes. Linux lets only root read them.</summary>
public sealed class FirmwareTables
{
    private const string Folder = "sys/firmware/acpi/tables";

    private readonly Lazy<DmarTable?> dmar;
    private readonly Lazy<IvrsTable?> ivrs;
    private readonly Lazy<IortTable?> iort;
    private readonly Lazy<MadtTable?> madt;

    private FirmwareTables(bool isPresent, HostFile dmar, HostFile ivrs, HostFile iort, HostFile madt)
    {
        IsPresent = isPresent;
        Dmar = dmar;
        Ivrs = ivrs;
        Iort = iort;
        Madt = madt;
        this.dmar = new(() => dmar.IsRead ? DmarTable.Parse(dmar.Content) : null);
        this.ivrs = new(() => ivrs.IsRead ? IvrsTable.Parse(ivrs.Content) : null);
        this.iort = new(() => iort.IsRead ? IortTable.Parse(iort.Content) : null);
        this.madt = new(() => madt.IsRead ? MadtTable.Parse(madt.Content) : null);
    }

    /// <summary>Whether the host has ACPI tables at all, readable or not.</summary>
    public bool IsPresent { get; }

    /// <summary>Intel: DMA remapping units.</summary>
    public HostFile Dmar { get; }

    /// <summary>AMD: I/O virtualization reporting structure.</summary>
    public HostFile Ivrs { get; }

    /// <summary>Arm: how functions reach SMMUs and ITSs.</summary>
    public HostFile Iort { get; }

    /// <summary>Interrupt controllers (signature <c>APIC</c>).</summary>
    public HostFile Madt { get; }

    /// <summary><see cref="Dmar"/> parsed, or null where it was not read.</summary>
    internal DmarTable? DmarTable => dmar.Value;

    /// <summary><see cref="Ivrs"/> parsed, or null where it was not read.</summary>
    internal IvrsTable? IvrsTable => ivrs.Value;

    /// <summary><see cref="Iort"/> parsed, or null where it was not read.</summary>
    internal IortTable? IortTable => iort.Value;

    /// <summary><see cref="Madt"/> parsed, or null where it was not read.</summary>
    internal MadtTable? MadtTable => madt.Value;

    internal static FirmwareTables Read(EvidenceSource source) => new(
        source.List(Folder).Count > 0,
        source.Read($"{Folder}/DMAR"),
        source.Read($"{Folder}/IVRS"),
        source.Read($"{Folder}/IORT"),
        source.Read($"{Folder}/APIC"));

    internal void WriteTo(MemoryTree tree)
    {
        if (IsPresent)
        {
            // That the folder is there is itself evidence; a name that every machine has keeps it from being empty.
            tree.AddFile($"{Folder}/FACP", ReadOnlyMemory<byte>.Empty);
        }

        Add(tree, "DMAR", Dmar);
        Add(tree, "IVRS", Ivrs);
        Add(tree, "IORT", Iort);
        Add(tree, "APIC", Madt);
    }

    private static void Add(MemoryTree tree, string name, HostFile file)
    {
        if (file.State != HostFileState.Absent)
        {
            tree.AddFile($"{Folder}/{name}", file);
        }
    }
}
