using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>
/// What a function was bound to before vfio-pci. Kept as a file under /run, which a reboot empties: after one the kernel has chosen drivers anew and
/// an old answer would be wrong. The IDs tell another device that was plugged in at the same address.
/// </summary>
/// <param name="VendorId">The function's vendor ID.</param>
/// <param name="DeviceId">The function's device ID.</param>
/// <param name="Driver">The driver, or null for none.</param>
/// <param name="Override">What <c>driver_override</c> held, or null for nothing.</param>
internal sealed record BindingRecord(ushort VendorId, ushort DeviceId, string? Driver, string? Override)
{
    public const string Folder = "run/vfiosharp/bound";

    private const string None = "-";

    public static string PathOf(PciAddress address) => $"{Folder}/{address}";

    /// <summary>The record of a function, or null where there is none that is its own.</summary>
    public static BindingRecord? Read(HostTree tree, FunctionEvidence function) =>
        Parse(tree.Read(PathOf(function.Address)).Text) is { } record && record.VendorId == function.VendorId && record.DeviceId == function.DeviceId
            ? record : null;

    public string Format() => string.Create(CultureInfo.InvariantCulture,
        $"device {VendorId:x4}:{DeviceId:x4}\ndriver {Driver ?? None}\noverride {Override ?? None}\n");

    public static BindingRecord? Parse(string? text) => text?.Split('\n') switch
    {
        [var device, var driver, var former]
            when Value(device, "device ") is { Length: 9 } ids && ids[4] == ':' && Hex(ids[..4]) is { } vendor && Hex(ids[5..]) is { } id
            && Value(driver, "driver ") is { } driverName && Value(former, "override ") is { } overrideName =>
            new BindingRecord(vendor, id, NullIfNone(driverName), NullIfNone(overrideName)),
        _ => null,
    };

    // A name with a slash in it would be a path: no driver has one.
    private static string? Value(string line, string key) =>
        line.StartsWith(key, StringComparison.Ordinal) && line.Length > key.Length && !line.Contains('/') ? line[key.Length..].TrimEnd() : null;

    private static string? NullIfNone(string value) => value == None ? null : value;

    private static ushort? Hex(string digits) =>
        ushort.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out ushort value) ? value : null;
}
