using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Emulation;

/// <summary>The legacy interrupt line of an emulated function: a level (PCIe 6.0, 6.1.2; bits of Command and Status: 7.5.1.1.3 and .4).</summary>
internal sealed class IntxModel(InterruptModel interrupts, ConfigurationModel configuration)
{
    private bool asserted;
    private bool shown;

    /// <summary>Whether the function has a reason to interrupt.</summary>
    public bool IsAsserted => asserted;

    /// <summary>The function has, or has no more, a reason to interrupt. Interrupt Status tells, whether or not the line does.</summary>
    public void Assert(bool value)
    {
        asserted = value;
        configuration.Set16(ConfigurationImage.Status, ConfigurationImage.StatusInterrupt, value);
        Refresh();
    }

    /// <summary>Another host, which takes the line to be down until it is told otherwise.</summary>
    public void Plug()
    {
        shown = false;
        Refresh();
    }

    /// <summary>Tells the host where the line's level changed.</summary>
    public void Refresh()
    {
        bool level = asserted && (configuration.Command & PciCommand.InterruptDisable) == 0 && !interrupts.UsesMessages;
        if (level != shown)
        {
            shown = level;
            interrupts.Host?.SetIntx(level);
        }
    }
}
