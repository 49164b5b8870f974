using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Naming;

namespace VfioSharp.Cli.Output;

/// <summary>What functions are called: by the host's pci.ids where it has one, else by their IDs.</summary>
internal static class FunctionNames
{
    /// <summary>Vendor and device name, or null where the host does not know the vendor.</summary>
    public static string? DeviceName(HostEvidence host, FunctionEvidence function) =>
        host.Names.VendorName(function.VendorId) is { } vendor
            ? $"{vendor} {host.Names.DeviceName(function.VendorId, function.DeviceId) ?? "device"}" : null;

    public static string ClassName(FunctionEvidence function) => ClassNames.Of(function.ClassCode);

    public static string Ids(FunctionEvidence function) =>
        string.Create(CultureInfo.InvariantCulture, $"[{function.VendorId:x4}:{function.DeviceId:x4}]");

    /// <summary>What to print on a line: name and IDs.</summary>
    public static string Describe(HostEvidence host, FunctionEvidence function) =>
        DeviceName(host, function) is { } name ? $"{name} {Ids(function)}" : Ids(function);
}
