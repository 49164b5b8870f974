using System.Globalization;
using Spectre.Console;
using VfioSharp.Cli.Nvme;
using VfioSharp.Nvme.Driver;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>An NVMe controller for a person.</summary>
internal sealed class IdentifyReport(IAnsiConsole console)
{
    private const int KelvinsAtFreezing = 273;

    private readonly LabelledLines lines = new(console);

    public void Write(NvmeSession session, NvmeHealth health)
    {
        NvmeControllerInfo controller = session.Driver.Controller;
        console.Line("", string.Create(CultureInfo.InvariantCulture, $"{session.Function.Name} {controller.Model}"), new Style(decoration: Decoration.Bold));
        Line("Identity", $"serial {controller.SerialNumber}, firmware {controller.Firmware}, NVMe {controller.Version}, vendor {controller.VendorId:x4}");
        if (controller.SubsystemName.Length > 0)
        {
            Line("Subsystem", $"{controller.SubsystemName}");
        }

        Line("Queues", $"{controller.QueueCount} for I/O, up to {controller.MaxQueueEntries} entries each; {controller.VectorCount} interrupt vectors");
        Line("Transfers", $"up to {SizeText.Format((ulong)controller.MaxTransferLength)} a command");
        Line("Commands", $"{string.Join(", ", Commands(controller))}; {(controller.HasWriteCache ? "a volatile write cache" : "no volatile write cache")}");
        Line("Health", $"{health.Temperature - KelvinsAtFreezing} C, {health.AvailableSpare} % spare, {health.PercentageUsed} % used; {health.MediaErrors} media errors, {health.UnsafeShutdowns} unsafe shutdowns{(health.CriticalWarning == 0 ? "" : $"; CRITICAL WARNING 0x{health.CriticalWarning:x2}")}");
        Line("Doorbells", $"{Doorbells(controller)}");
        if (session.Decision is { } decision)
        {
            lines.Line("Its page", decision.Explain(), new Style(decision.Access == MsixTableAccess.Mapped ? Color.Green : Color.Yellow));
        }

        foreach (NvmeNamespaceInfo each in session.Driver.Namespaces)
        {
            Line("Namespace", $"{each.Id}: {SizeText.Format((ulong)each.Length)}, {each.BlockCount} blocks of {each.BlockSize} bytes{(each.IsWriteProtected ? ", write protected" : "")}{(each.Nguid is { } guid ? $", NGUID {guid}" : "")}{(each.Eui64 is { } eui ? $", EUI-64 {eui}" : "")}");
        }

        if (session.Driver.Namespaces.IsEmpty)
        {
            Line("Namespace", $"none");
        }

        void Line(string label, FormattableString text) => lines.Line(label, text.ToString(CultureInfo.InvariantCulture));
    }

    private static IEnumerable<string> Commands(NvmeControllerInfo controller) =>
    [
        "read", "write", "flush",
        .. controller.CanWriteZeroes ? (string[])["write zeroes"] : [],
        .. controller.CanDeallocate ? (string[])["deallocate"] : [],
        .. controller.CanCompare ? (string[])["compare"] : [],
    ];

    private static string Doorbells(NvmeControllerInfo controller) =>
        controller.DoorbellsMapped ? "mapped: a store each"
        : controller.UsesShadowDoorbells ? "trapped: a call or message each, but few are written (Doorbell Buffer Config)" : "trapped: a call or message each";
}
