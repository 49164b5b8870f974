namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on arm64 with pages of 16 KiB, by groups: what shares the table's page is all that a disk has.</summary>
public class MatrixOn16KiBPagesTests() : MatrixTests(MatrixKernel.Debian7With16KiBPages)
{
    public static TheoryData<string> Hosts => HostsOf(MatrixKernel.Debian7With16KiBPages);

    public static TheoryData<string, string> Functions => FunctionsOf(MatrixKernel.Debian7With16KiBPages);

    public static TheoryData<string, string, string> Cells => CellsOf(MatrixKernel.Debian7With16KiBPages);

    public static TheoryData<string, string, string> Tables => TablesOf(MatrixKernel.Debian7With16KiBPages);

    public static TheoryData<string, string, string> Contracts => ContractsOf(MatrixKernel.Debian7With16KiBPages);

    public static TheoryData<string, string, string, string> Aspects => AspectsOf(MatrixKernel.Debian7With16KiBPages);

    [Theory]
    [MemberData(nameof(Functions))]
    public Task The_audit_knows_the_host_before_anything_is_bound(string host, string device) => CheckVerdictAsync(host, device);

    [Theory]
    [MemberData(nameof(Cells))]
    public Task The_kernel_decides_as_the_audit_foretold(string host, string backend, string device) => CheckDecisionAsync(host, backend, device);

    [Theory]
    [MemberData(nameof(Tables))]
    public Task The_tables_page_is_mapped_where_MSIs_are_isolated_or_the_risk_is_taken(string host, string backend, string device) =>
        CheckTableAsync(host, backend, device);

    [Theory]
    [MemberData(nameof(Hosts))]
    public Task A_disks_registers_lie_on_the_tables_page(string host) => CheckSharedPageAsync(host, "Group", "nvme", "0x0-0x3fff", "Registers 0x0-0x1fff");

    [Theory]
    [MemberData(nameof(Aspects))]
    public Task It_works(string host, string backend, string device, string aspect) => CheckAspectAsync(host, backend, device, aspect);

    [Theory]
    [MemberData(nameof(Contracts))]
    public Task The_contract_holds(string host, string backend, string device) => CheckContractAsync(host, backend, device);

    [Theory]
    [MemberData(nameof(Hosts))]
    public Task Nothing_goes_wrong_beside_that(string host) => CheckRunAsync(host);
}
