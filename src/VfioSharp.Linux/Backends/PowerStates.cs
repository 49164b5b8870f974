using VfioSharp.Devices.Access;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Linux.Backends;

/// <summary>Power states of an open function (PCI Bus Power Management Interface 1.2, 3.2.4).</summary>
internal static class PowerStates
{
    private const int ControlStatus = 4; // PMCSR, from the capability's start
    private const ushort StateMask = 3;

    // From D3hot to D0 (5.6.1, table 5-6).
    private static readonly TimeSpan Recovery = TimeSpan.FromMilliseconds(10);

    /// <summary>Brings the function to D0; false where it was there already.</summary>
    public static bool Wake(ConfigurationRegisters configuration, PowerManagementCapability capability)
    {
        if (capability.State == PowerState.D0)
        {
            return false;
        }

        ushort state = configuration.Read16(capability.Offset + ControlStatus);
        configuration.Write16(capability.Offset + ControlStatus, (ushort)(state & ~StateMask));
        Thread.Sleep(Recovery);
        return true;
    }
}
