using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Binding;

/// <summary>One change of the host.</summary>
/// <param name="Kind">What it does.</param>
/// <param name="Target">The file, relative to the host's root; for <see cref="BindingStepKind.LoadModule"/> the module.</param>
/// <param name="Text">What is written, without the newline behind it; empty clears.</param>
public sealed record BindingStep(BindingStepKind Kind, string Target, string Text)
{
    internal const string Drivers = "sys/bus/pci/drivers";
    internal const string Devices = "sys/bus/pci/devices";

    internal static BindingStep LoadModule(string module) => new(BindingStepKind.LoadModule, module, "");

    internal static BindingStep Remember(PciAddress address, BindingRecord record) =>
        new(BindingStepKind.Remember, BindingRecord.PathOf(address), record.Format());

    internal static BindingStep Forget(PciAddress address) => new(BindingStepKind.Forget, BindingRecord.PathOf(address), "");

    /// <summary>Names the only driver that may match the function; null lets all match again (<c>driver_override_store()</c>, drivers/pci/pci-sysfs.c).</summary>
    internal static BindingStep Override(PciAddress address, string? driver) =>
        new(BindingStepKind.Write, $"{Devices}/{address}/driver_override", driver ?? "");

    internal static BindingStep Release(PciAddress address, string driver) => new(BindingStepKind.Write, $"{Drivers}/{driver}/unbind", address.ToString());

    /// <summary>Unlike <see cref="Probe"/> this one passes the driver's error on (<c>bind_store()</c>, drivers/base/bus.c).</summary>
    internal static BindingStep Attach(PciAddress address, string driver) => new(BindingStepKind.Write, $"{Drivers}/{driver}/bind", address.ToString());

    internal static BindingStep Probe(PciAddress address) => new(BindingStepKind.Write, "sys/bus/pci/drivers_probe", address.ToString());

    /// <summary>The step as a shell would do it.</summary>
    public override string ToString() => Kind switch
    {
        BindingStepKind.LoadModule => $"modprobe {Target}",
        BindingStepKind.Forget => $"rm -f /{Target}",
        BindingStepKind.Remember => $"mkdir -p /{BindingRecord.Folder} && printf '{Text.Replace("\n", "\\n", StringComparison.Ordinal)}' > /{Target}",
        _ => Text.Length == 0 ? $"echo > /{Target}" : $"echo {Text} > /{Target}",
    };
}
