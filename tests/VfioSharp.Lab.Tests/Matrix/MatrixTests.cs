using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>
/// What holds in every cell of the matrix: kernel and backend × host × function. A class for each kernel, so that machines of two run at a time; each machine
/// boots once for all that is asked of it.
/// </summary>
public abstract class MatrixTests
{
    private const int FewestContractChecks = 15;

    private readonly MatrixKernel kernel;

    private protected MatrixTests(MatrixKernel kernel) => this.kernel = kernel;

    private protected static TheoryData<string, string> FunctionsOf(MatrixKernel kernel) =>
        [.. from host in kernel.Hosts from device in kernel.Devices select (host, device)];

    private protected static TheoryData<string, string, string> CellsOf(MatrixKernel kernel) =>
        [.. from host in kernel.Hosts from backend in kernel.Backends from device in kernel.Devices select (host, backend, device)];

    private protected static TheoryData<string, string, string> TablesOf(MatrixKernel kernel) =>
        [.. from cell in Open(kernel) where MatrixAspects.HasTable(cell.Device) select (cell.Host, cell.Backend, cell.Device)];

    private protected static TheoryData<string, string, string> ContractsOf(MatrixKernel kernel) =>
        [.. from cell in Open(kernel) where MatrixAspects.HasContract(cell.Device) select (cell.Host, cell.Backend, cell.Device)];

    private protected static TheoryData<string, string, string, string> AspectsOf(MatrixKernel kernel) =>
        [.. from cell in Open(kernel) from aspect in MatrixAspects.Of(cell.Device) select (cell.Host, cell.Backend, cell.Device, aspect)];

    private protected static TheoryData<string> HostsOf(MatrixKernel kernel) => [.. kernel.Hosts];

    private protected async Task CheckVerdictAsync(string hostName, string device)
    {
        var host = MatrixHost.Of(hostName);
        GuestRun run = await kernel.RunAsync(host);
        GuestResult audit = run.One($"{device}/audit");
        audit.Text("verdict").ShouldBe(host.Verdict, audit.ToString());
        audit.Flag("kernelAccepts").ShouldBe(host.KernelAccepts, audit.ToString());
        run.One($"{device}/bind").Outcome.ShouldBe(GuestOutcome.Passed, run.Describe());
    }

    private protected async Task CheckFlagAsync(string hostName, string device)
    {
        var host = MatrixHost.Of(hostName);
        GuestResult audit = (await kernel.RunAsync(host)).One($"{device}/audit");
        (audit.Flag("flag") ?? audit.Flag("hostFlag")).ShouldBe(host.HasFlag, audit.ToString());

        // The flag is evidence for the audit too, so what it says without that is what can be held against it.
        audit.Text("verdictWithoutFlag").ShouldBe(host.Verdict, audit.ToString());
        audit.Flag("kernelAcceptsWithoutFlag").ShouldBe(host.KernelAccepts, audit.ToString());
    }

    private protected async Task CheckDecisionAsync(string hostName, string backend, string device)
    {
        GuestRun run = await kernel.RunAsync(MatrixHost.Of(hostName));
        bool? foretold = run.One($"{device}/audit").Flag("kernelAccepts");
        GuestResult open = run.One($"{backend}/{device}/open");
        open.Text("decision").ShouldBe(foretold switch { true => "opened", false => "refused", null => "anything but unknown" }, open.ToString());
    }

    private protected async Task CheckTableAsync(string hostName, string backend, string device)
    {
        var host = MatrixHost.Of(hostName);
        GuestRun run = await kernel.RunAsync(host);
        run.One($"{backend}/{device}/open").Text("isolation").ShouldBe(host.Verdict);
        Decision("table").ShouldBe(host.Isolates ? ("Mapped", "MsisIsolated") : ("Trapped", "MsisNotIsolated"));
        Decision("never-map").ShouldBe(("Trapped", "PolicyForbids"));
        Decision("accept-risk").ShouldBe(("Mapped", host.Isolates ? "MsisIsolated" : "RiskAccepted"));

        (string? Access, string? Reason) Decision(string aspect)
        {
            GuestResult decision = run.One($"{backend}/{device}/{aspect}-decision");
            return (decision.Text("access"), decision.Text("reason"));
        }
    }

    private protected async Task CheckSharedPageAsync(string hostName, string backend, string device, string pages, string neighbour)
    {
        GuestResult decision = (await kernel.RunAsync(MatrixHost.Of(hostName))).One($"{backend}/{device}/table-decision");
        decision.Text("pages").ShouldBe(pages);
        decision.Texts("neighbours").ShouldContain(neighbour);
    }

    private protected async Task CheckAspectAsync(string hostName, string backend, string device, string aspect)
    {
        GuestResult check = (await kernel.RunAsync(MatrixHost.Of(hostName))).One($"{backend}/{device}/{aspect}");
        check.Outcome.ShouldBe(GuestOutcome.Passed, check.ToString());
    }

    private protected async Task CheckContractAsync(string hostName, string backend, string device)
    {
        GuestRun run = await kernel.RunAsync(MatrixHost.Of(hostName));
        string prefix = $"{backend}/{device}/contract";
        IReadOnlyList<string> names = run.One($"{prefix}-checks").Texts("names");
        names.Count.ShouldBeGreaterThanOrEqualTo(FewestContractChecks);
        GuestResult[] checks = [.. run.Results.Where(result => result.Check.StartsWith($"{prefix}/", StringComparison.Ordinal))];
        checks.Select(check => check.Check[(prefix.Length + 1)..]).ShouldBe(names);
        checks.Where(check => check.Outcome != GuestOutcome.Passed).ShouldBeEmpty();
    }

    // What no test asks for must not have gone wrong either, nor must anything have been tried of a function that was refused.
    private protected async Task CheckRunAsync(string hostName)
    {
        var host = MatrixHost.Of(hostName);
        GuestRun run = await kernel.RunAsync(host);
        run.ShouldHaveSucceeded();
        if (!host.KernelAccepts)
            run.Results.Where(result => kernel.Backends.Any(backend => result.Check.StartsWith($"{backend}/", StringComparison.Ordinal)))
                .ShouldAllBe(result => result.Check.EndsWith("/open"));
    }

    private static IEnumerable<(string Host, string Backend, string Device)> Open(MatrixKernel kernel) =>
        from host in kernel.Hosts
        where MatrixHost.Of(host).KernelAccepts
        from backend in kernel.Backends
        from device in kernel.Devices
        select (host, backend, device);
}
