using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>
/// Where functions write messages on Arm. The interrupt controller has one page with one register for them, at the same offset in an ITS
/// (GITS_TRANSLATER) and in a GICv2m frame (MSI_SETSPI_NS), and the SMMU maps that page alone into a window that it keeps free of other memory.
/// </summary>
internal static class ArmDoorbell
{
    /// <summary>Where the window begins: MSI_IOVA_BASE of Linux (drivers/iommu/arm/arm-smmu-v3/arm-smmu-v3.h).</summary>
    public const ulong Window = 0x800_0000;

    /// <summary>The window's length in bytes: MSI_IOVA_LENGTH.</summary>
    public const ulong WindowLength = 0x10_0000;

    /// <summary>How much of the controller the SMMU maps, the window's first page: the least that it can.</summary>
    public const ulong PageLength = 0x1000;

    /// <summary>Where the register lies.</summary>
    public const ulong Register = Window + 0x40;

    private static readonly MessageFault NotMapped = new("the SMMU maps nothing there");
    private static readonly MessageFault NotTheRegister = new("nothing there takes writes: the page's register for messages is at offset 0x40");

    /// <summary>Whether an address lies in the window.</summary>
    public static bool IsMessage(ulong address) => address - Window < WindowLength;

    /// <summary>What is wrong with an address in the window; null where it is the register's.</summary>
    public static MessageFault? Check(ulong address) =>
        address == Register ? null : address - Window < PageLength ? NotTheRegister : NotMapped;
}
