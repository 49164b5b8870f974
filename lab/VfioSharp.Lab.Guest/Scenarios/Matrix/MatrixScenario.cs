using System.Globalization;
using VfioSharp.Linux;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>
/// <c>matrix ROUNDS BACKEND…</c>: audits the host before anything is bound, binds every function under test, and tries all that is tried of each through each
/// backend. The host asserts; what is reported is named <c>device/aspect</c> before the functions are opened, <c>backend/device/aspect</c> then.
/// </summary>
internal sealed class MatrixScenario : IScenario
{
    private static readonly DeviceTrial[] Trials = [new NvmeTrial(), new IgbTrial(), new XhciTrial(), new EduTrial(), new VirtioTrial()];

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        int rounds = int.Parse(arguments[0], CultureInfo.InvariantCulture);
        HostTree tree = LinuxHost.OpenTree(null);
        (DeviceTrial Trial, FunctionAudit Audit)[] subjects = Find(HostAudit.Of(HostEvidence.Read(tree)));
        (DeviceTrial Trial, FunctionAudit Audit)[] blindfold = Find(HostAudit.Of(HostEvidence.Read(new TreeWithoutDebugFiles(tree))));
        foreach (((DeviceTrial trial, FunctionAudit audit), (_, FunctionAudit blind)) in subjects.Zip(blindfold))
        {
            report.Observe(
                $"{trial.Name}/audit",
                ("address", audit.Address),
                ("driver", audit.Evidence.Driver),
                ("verdict", audit.Isolation.Verdict),
                ("kernelAccepts", audit.Isolation.KernelAccepts),
                ("findings", audit.Isolation.Findings.Select(finding => finding.ToString())),
                ("verdictWithoutFlag", blind.Isolation.Verdict),
                ("kernelAcceptsWithoutFlag", blind.Isolation.KernelAccepts),
                ("flag", IsolatedMsiFlag.Of(audit.Address)),
                ("hostFlag", IsolatedMsiFlag.OfHost()));
        }

        foreach ((DeviceTrial trial, FunctionAudit audit) in subjects)
        {
            report.Check($"{trial.Name}/bind", () => Binder.Bind(audit.Address));
        }

        foreach (VfioBackend backend in arguments.Skip(1).Select(Enum.Parse<VfioBackend>))
        {
            foreach ((DeviceTrial trial, FunctionAudit audit) in subjects)
            {
                var cell = new Cell(report, backend, trial.Name, audit.Address, rounds, stop);
                if (await cell.DecideAsync())
                {
                    await trial.RunAsync(cell);
                }
            }
        }
    }

    private static (DeviceTrial Trial, FunctionAudit Audit)[] Find(HostAudit host) =>
    [
        .. from trial in Trials
           from function in host.Functions
           where Id(function.Evidence) == trial.Id
           select (trial, function),
    ];

    private static string Id(FunctionEvidence evidence) => $"{evidence.VendorId:x4}:{evidence.DeviceId:x4}";
}
