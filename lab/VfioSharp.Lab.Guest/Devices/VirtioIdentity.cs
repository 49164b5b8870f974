using VfioSharp.Devices;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>Where a virtio function keeps its common configuration (Virtio 1.2, 4.1.4.3), and a register there that tells what it is.</summary>
/// <param name="Bar">The BAR.</param>
/// <param name="Offset">Where the structure starts in it.</param>
internal readonly record struct VirtioIdentity(int Bar, ulong Offset)
{
    /// <summary>An entropy source, the modern kind only.</summary>
    public const string Id = "1af4:1044";

    private const int TypeOffset = 3;
    private const int BarOffset = 4;
    private const int StructureOffset = 8;
    private const byte CommonType = 1;

    /// <summary>The register num_queues: 1 for an entropy source.</summary>
    public ulong QueueCount => Offset + 0x12;

    /// <summary>Finds the structure by the vendor's capabilities.</summary>
    public static VirtioIdentity Find(PciFunction function)
    {
        ConfigurationSpace configuration = function.Configuration.Read();
        foreach (PciCapability capability in configuration.Capabilities.All.Where(capability => capability.Id == CapabilityId.VendorSpecific))
        {
            if (function.Configuration.Read8(capability.Offset + TypeOffset) == CommonType)
            {
                return new VirtioIdentity(
                    function.Configuration.Read8(capability.Offset + BarOffset),
                    function.Configuration.Read32(capability.Offset + StructureOffset));
            }
        }

        throw new InvalidDataException($"{function.Name} has no common configuration structure");
    }
}
