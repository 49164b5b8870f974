using VfioSharp.Linux;
using VfioSharp.Pci.Audit;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>Audits the guest's own host: one observation <c>function</c> for each, and <c>host</c>.</summary>
internal sealed class AuditScenario : IScenario
{
    public Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        HostAudit audit = HostAudit.Of(LinuxHost.Read());
        report.Observe(
            "host",
            ("architecture", audit.Host.Architecture),
            ("kernel", audit.Host.KernelRelease),
            ("pageSize", audit.PageSize),
            ("unreadable", audit.Host.Unreadable));
        foreach (FunctionAudit function in audit.Functions)
        {
            report.Observe(
                "function",
                ("address", function.Address),
                ("id", $"{function.Evidence.VendorId:x4}:{function.Evidence.DeviceId:x4}"),
                ("driver", function.Evidence.Driver),
                ("iommuGroup", function.Evidence.IommuGroup),
                ("assignable", function.Assignability.IsAssignable),
                ("verdict", function.Isolation.Verdict),
                ("kernelAccepts", function.Isolation.KernelAccepts),
                ("platform", function.Isolation.Platform),
                ("findings", function.Isolation.Findings.Select(finding => finding.ToString())),
                ("table", function.Table?.Access),
                ("tableReason", function.Table?.Reason));
        }

        return Task.CompletedTask;
    }
}
