using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Lab.Guest.Scenarios.Backends;

/// <summary>What the cases share: finding and binding functions, and saying what was refused.</summary>
internal static class BackendCase
{
    /// <summary>The functions with these identifiers, by address.</summary>
    public static PciAddress[] Find(ushort vendor, ushort device) =>
        [.. from function in LinuxHost.Read().Functions where function.VendorId == vendor && function.DeviceId == device select function.Address];

    /// <summary>Where a function stands now.</summary>
    public static FunctionEvidence Look(PciAddress address) => LinuxHost.Read().Functions.Single(function => function.Address == address);

    public static void Bind(params ReadOnlySpan<PciAddress> addresses)
    {
        foreach (PciAddress address in addresses)
        {
            Binder.Bind(address, new BindOptions { Force = true });
        }
    }

    /// <summary>Opens what must be refused, and reports how.</summary>
    public static async Task<PciException> RefuseAsync(GuestReport report, string check, PciAddress address, VfioOptions options)
    {
        try
        {
            await using PciFunction opened = await Vfio.OpenAsync(address, options);
        }
        catch (PciException refused)
        {
            report.Observe(check, ("exception", refused.GetType().Name), ("errno", refused.ErrorNumber), ("message", refused.Message));
            return refused;
        }

        throw new InvalidOperationException($"{check}: {address} opened");
    }

    public static void Expect(bool holds, string what)
    {
        if (!holds)
        {
            throw new InvalidOperationException($"not so: {what}");
        }
    }
}
