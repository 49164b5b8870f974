using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>
/// What holds in every cell of the matrix: kernel and backend × host × function. A class for each kernel, so that machines of two run at a time; each machine
/// boots once for all that is asked of it.
/// </summary>
/// <typeparam name="TKernel">Names the kernel.</typeparam>
public abstract class MatrixTests<TKernel>
    where TKernel : IKernelUnderTest
{
    private const int FewestContractChecks = 15;

    private static readonly MatrixKernel Kernel = MatrixKernel.Of(TKernel.Name);

#pragma warning disable CA1000 // A theory finds its data as a static member of its class.
    public static TheoryData<string> Hosts => [.. Kernel.Hosts];

    public static TheoryData<string, string> Functions => [.. from host in Kernel.Hosts from device in Kernel.Devices select (host, device)];

    public static TheoryData<string, string, string> Cells =>
        [.. from host in Kernel.Hosts from backend in Kernel.Backends from device in Kernel.Devices select (host, backend, device)];

    public static TheoryData<string, string, string> Tables =>
        [.. from cell in Opened where MatrixAspects.HasTable(cell.Device) select (cell.Host, cell.Backend, cell.Device)];

    public static TheoryData<string, string, string> Contracts =>
        [.. from cell in Opened where MatrixAspects.HasContract(cell.Device) select (cell.Host, cell.Backend, cell.Device)];

    public static TheoryData<string, string, string, string> Aspects =>
        [.. from cell in Opened from aspect in MatrixAspects.Of(cell.Device) select (cell.Host, cell.Backend, cell.Device, aspect)];
#pragma warning restore CA1000

    private static IEnumerable<(string Host, string Backend, string Device)> Opened =>
        from host in Kernel.Hosts
        where MatrixHost.Of(host).KernelAccepts
        from backend in Kernel.Backends
        from device in Kernel.Devices
        select (host, backend, device);

    [Theory]
    [MemberData(nameof(Functions))]
    public async Task The_audit_knows_the_host_before_anything_is_bound(string host, string device)
    {
        var known = MatrixHost.Of(host);
        GuestRun run = await Kernel.RunAsync(known);
        GuestResult audit = run.One($"{device}/audit");
        audit.Text("verdict").ShouldBe(known.Verdict, audit.ToString());
        audit.Flag("kernelAccepts").ShouldBe(known.KernelAccepts, audit.ToString());
        run.One($"{device}/bind").Outcome.ShouldBe(GuestOutcome.Passed, run.Describe());
    }

    private protected async Task CheckFlagAsync(string hostName, string device)
    {
        var host = MatrixHost.Of(hostName);
        GuestResult audit = (await Kernel.RunAsync(host)).One($"{device}/audit");
        (audit.Flag("flag") ?? audit.Flag("hostFlag")).ShouldBe(host.HasFlag, audit.ToString());

        // The flag is evidence for the audit too, so what it says without that is what can be held against it.
        audit.Text("verdictWithoutFlag").ShouldBe(host.Verdict, audit.ToString());
        audit.Flag("kernelAcceptsWithoutFlag").ShouldBe(host.KernelAccepts, audit.ToString());
    }

    [Theory]
    [MemberData(nameof(Cells))]
    public async Task The_kernel_decides_as_the_audit_foretold(string host, string backend, string device)
    {
        GuestRun run = await Kernel.RunAsync(MatrixHost.Of(host));
        bool? foretold = run.One($"{device}/audit").Flag("kernelAccepts");
        GuestResult open = run.One($"{backend}/{device}/open");
        open.Text("decision").ShouldBe(foretold switch { true => "opened", false => "refused", null => "anything but unknown" }, open.ToString());
    }

    [Theory]
    [MemberData(nameof(Tables))]
    public async Task The_tables_page_is_mapped_where_MSIs_are_isolated_or_the_risk_is_taken(string host, string backend, string device)
    {
        var known = MatrixHost.Of(host);
        GuestRun run = await Kernel.RunAsync(known);
        run.One($"{backend}/{device}/open").Text("isolation").ShouldBe(known.Verdict);
        Decision("table").ShouldBe(known.Isolates ? ("Mapped", "MsisIsolated") : ("Trapped", "MsisNotIsolated"));
        Decision("never-map").ShouldBe(("Trapped", "PolicyForbids"));
        Decision("accept-risk").ShouldBe(("Mapped", known.Isolates ? "MsisIsolated" : "RiskAccepted"));

        (string? Access, string? Reason) Decision(string aspect)
        {
            GuestResult decision = run.One($"{backend}/{device}/{aspect}-decision");
            return (decision.Text("access"), decision.Text("reason"));
        }
    }

    private protected async Task CheckSharedPageAsync(string hostName, string backend, string device, string pages, string neighbour)
    {
        GuestResult decision = (await Kernel.RunAsync(MatrixHost.Of(hostName))).One($"{backend}/{device}/table-decision");
        decision.Text("pages").ShouldBe(pages);
        decision.Texts("neighbours").ShouldContain(neighbour);
    }

    [Theory]
    [MemberData(nameof(Aspects))]
    public async Task It_works(string host, string backend, string device, string aspect)
    {
        GuestResult check = (await Kernel.RunAsync(MatrixHost.Of(host))).One($"{backend}/{device}/{aspect}");
        check.Outcome.ShouldBe(GuestOutcome.Passed, check.ToString());
    }

    [Theory]
    [MemberData(nameof(Contracts))]
    public async Task The_contract_holds(string host, string backend, string device)
    {
        GuestRun run = await Kernel.RunAsync(MatrixHost.Of(host));
        string prefix = $"{backend}/{device}/contract";
        IReadOnlyList<string> names = run.One($"{prefix}-checks").Texts("names");
        names.Count.ShouldBeGreaterThanOrEqualTo(FewestContractChecks);
        GuestResult[] checks = [.. run.Results.Where(result => result.Check.StartsWith($"{prefix}/", StringComparison.Ordinal))];
        checks.Select(check => check.Check[(prefix.Length + 1)..]).ShouldBe(names);
        checks.Where(check => check.Outcome != GuestOutcome.Passed).ShouldBeEmpty();
    }

    // What no test asks for must not have gone wrong either, nor must anything have been tried of a function that was refused.
    [Theory]
    [MemberData(nameof(Hosts))]
    public async Task Nothing_goes_wrong_beside_that(string host)
    {
        var known = MatrixHost.Of(host);
        GuestRun run = await Kernel.RunAsync(known);
        run.ShouldHaveSucceeded();
        if (!known.KernelAccepts)
            run.Results.Where(result => Kernel.Backends.Any(backend => result.Check.StartsWith($"{backend}/", StringComparison.Ordinal)))
                .ShouldAllBe(result => result.Check.EndsWith("/open"));
    }
}
