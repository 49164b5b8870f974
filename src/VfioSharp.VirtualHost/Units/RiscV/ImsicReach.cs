using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// Which interrupt files devices reach, by the device contexts and the MSI page tables that they name. Contexts belong together where they have an
/// address space in common (iohgatp.GSCID): that is the number by which the IOMMU knows a group's devices as one. Which MSI page table they name says
/// less, since groups may have one in common by mistake, and that is what is looked for.
/// </summary>
/// <param name="unit">The IOMMU and the files.</param>
internal sealed class ImsicReach(ImsicUnit unit)
{
    private const int Devices = 1 << 16;
    private const int DevicesAPage = 64;

    private readonly Dictionary<uint, (uint Device, ushort Space)> reached = [];

    public UnitCondition Examine()
    {
        for (uint first = 0; first < Devices; first += DevicesAPage)
        {
            if (unit.FindContexts(first, out _) is null && ExaminePage(first) is { } reason)
            {
                return new(false, reason);
            }
        }

        return new(true, "no interrupt file is reached from two address spaces (iohgatp.GSCID), and none that takes the host's own interrupts from any");
    }

    private string? ExaminePage(uint first)
    {
        for (uint device = first; device < first + DevicesAPage; device++)
        {
            if (unit.FindContext(device, out DeviceContext context) is null && Describe(device, context) is { } reason)
            {
                return reason;
            }
        }

        return null;
    }

    // What is wrong with a device's context; null where it confines the device.
    private string? Describe(uint device, in DeviceContext context)
    {
        if (!context.IsTranslated)
        {
            return $"device {Name(device)} reaches every interrupt file: its writes are not translated (iohgatp.MODE is Bare)";
        }

        if (!context.HasMsiTable)
        {
            return null;
        }

        ulong entries = 1UL << System.Numerics.BitOperations.PopCount(context.MsiMask);
        for (ulong i = 0; i < entries; i++)
        {
            MessageFault? fault = unit.FindEntry(context.MsiTableAddress | (i * MsiPageEntry.Length), out MsiPageEntry entry);
            if (fault == ImsicUnit.EntryLoadFault)
            {
                break;
            }

            if (fault is null && Describe(device, context.Space, FileOf(entry)) is { } reason)
            {
                return reason;
            }
        }

        return null;
    }

    private string? Describe(uint device, ushort space, uint? file)
    {
        if (file is not { } number)
        {
            return null;
        }

        if (unit.Layout.IsSupervisorLevel(number))
        {
            return $"device {Name(device)} reaches supervisor-level interrupt file {number}, which takes the host's own interrupts as well (MSI PTE)";
        }

        if (reached.TryAdd(number, (device, space)) || reached[number].Space == space)
        {
            return null;
        }

        (uint other, ushort otherSpace) = reached[number];
        return $"devices {Name(other)} and {Name(device)} reach interrupt file {number} from different address spaces (iohgatp.GSCID {otherSpace} and {space})";
    }

    // The file in which a message through an entry raises something; null where it is none.
    private uint? FileOf(MsiPageEntry entry)
    {
        if (entry.IsResident && unit.IsNotice(entry))
        {
            return unit.HasResidentFile(entry.ResidentAddress) ? ImsicUnit.ResidentFileAt(entry.ResidentAddress) : null;
        }

        uint file = unit.Layout.FileAt(entry.IsTranslating ? entry.Page : entry.NoticePage);
        return unit.Layout.IsFile(file) ? file : null;
    }

    private static string Name(uint device) => new RequesterId((ushort)device).ToString();
}
