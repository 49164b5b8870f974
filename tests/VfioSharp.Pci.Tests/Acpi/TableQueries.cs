using VfioSharp.Pci.Acpi;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Tests.Acpi;

/// <summary>Parses bytes as every kind of table and asks each all there is to ask.</summary>
internal static class TableQueries
{
    public static void AskAll(Random random, byte[] bytes)
    {
        var function = new PciAddress((uint)random.Next(2), new RequesterId((ushort)random.Next(0x10000)));
        DmarTable dmar = DmarTable.Parse(bytes);
        DmarUnit? unit = dmar.UnitFor(
            function, _ => random.Next(3) == 0 ? null : new BridgeBuses((byte)random.Next(256), (byte)random.Next(256)));
        (unit is null || unit.Segment == function.Segment).ShouldBeTrue();
        dmar.IoApicIds.Count().ShouldBeLessThanOrEqualTo(256);
        Check(dmar);

        IvrsTable ivrs = IvrsTable.Parse(bytes);
        IvrsUnit? iommu = ivrs.UnitFor(function);
        (iommu is null || ivrs.Units.Contains(iommu)).ShouldBeTrue();
        (ivrs.DescribesIoApics && ivrs.Units.Count == 0).ShouldBeFalse();
        Check(ivrs);

        MadtTable madt = MadtTable.Parse(bytes);
        madt.InterruptTranslationServices.Count.ShouldBeLessThan(bytes.Length + 1);
        Check(madt);

        IortTable iort = IortTable.Parse(bytes);
        IReadOnlyList<uint> services = iort.ItsFor(function.Segment, function.RequesterId);
        services.Count.ShouldBeLessThanOrEqualTo(bytes.Length);
        IortSmmu? smmu = iort.SmmuFor(function.Segment, function.RequesterId);
        (smmu is null || iort.Nodes.Contains(smmu)).ShouldBeTrue();
        Check(iort);
    }

    private static void Check(AcpiTable table)
    {
        table.Findings.Count.ShouldBeLessThanOrEqualTo(17);
        (table.IsComplete && table.ChecksumValid && table.Findings.Count == 0 && table.Header is null).ShouldBeFalse();
        (!table.IsComplete && table.Findings.Count == 0).ShouldBeFalse();
    }
}
