using System.Globalization;
using System.Text.Json;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Cli.Output;

/// <summary>What a capability says, in a few words behind its name; empty for those that are not decoded.</summary>
internal static class CapabilityDetail
{
    public static string Of(ConfigurationSpace configuration, PciCapability capability)
    {
        PciCapabilities all = configuration.Capabilities;
        string? detail = (capability.Id, capability.ExtendedId) switch
        {
            (CapabilityId.Msi, _) when all.Msi is { } msi => Text($"{Switch(msi.IsEnabled)}, {FunctionReport.Count(msi.VectorsCapable)}{(msi.Is64Bit ? ", 64-bit" : "")}{(msi.HasPerVectorMasking ? ", maskable" : "")}"),
            (CapabilityId.Msix, _) when all.Msix is { } msix => DescribeMsix(msix),
            (CapabilityId.PciExpress, _) when all.PciExpress is { } express => Text($"{Describe(express.PortType)}{(express.HasFunctionLevelReset ? ", function level reset" : "")}"),
            (CapabilityId.PowerManagement, _) when all.PowerManagement is { } power => Text($"{power.State}"),
            (_, ExtendedCapabilityId.AccessControlServices) when all.Acs is { } acs => Text($"can {Describe(acs.Supported)}; on: {Describe(acs.Enabled)}"),
            (_, ExtendedCapabilityId.AlternativeRoutingId) when all.Ari is { } ari => Text($"next function {ari.NextFunction}"),
            (_, ExtendedCapabilityId.SrIov) when all.SrIov is { } sriov => Text($"{sriov.NumVfs} of {sriov.TotalVfs} virtual functions, first at +{sriov.FirstVfOffset}, stride {sriov.VfStride}"),
            _ => null,
        };
        return detail is null ? "" : $": {detail}";
    }

    private static string DescribeMsix(MsixCapability msix) => Text(
        $"{Switch(msix.IsEnabled)}, {FunctionReport.Count(msix.Vectors)}, table BAR {msix.TableBar} +0x{msix.TableOffset:x}, PBA BAR {msix.PbaBar} +0x{msix.PbaOffset:x}");

    private static string Describe(PciExpressPortType type) => type switch
    {
        PciExpressPortType.Endpoint => "endpoint",
        PciExpressPortType.LegacyEndpoint => "legacy endpoint",
        PciExpressPortType.RootPort => "root port",
        PciExpressPortType.UpstreamPort => "upstream port of a switch",
        PciExpressPortType.DownstreamPort => "downstream port of a switch",
        PciExpressPortType.PciExpressToPciBridge => "bridge to conventional PCI",
        PciExpressPortType.PciToPciExpressBridge => "bridge from conventional PCI",
        PciExpressPortType.RootComplexIntegratedEndpoint => "endpoint inside the root complex",
        PciExpressPortType.RootComplexEventCollector => "event collector of the root complex",
        _ => Text($"reserved type {(int)type}"),
    };

    // "SourceValidation, RequestRedirect" in words.
    private static string Describe(AcsServices services) =>
        string.Join(", ", services.ToString().Split(", ").Select(name => JsonNamingPolicy.KebabCaseLower.ConvertName(name).Replace('-', ' ')));

    private static string Switch(bool on) => on ? "enabled" : "disabled";

    private static string Text(FormattableString text) => text.ToString(CultureInfo.InvariantCulture);
}
