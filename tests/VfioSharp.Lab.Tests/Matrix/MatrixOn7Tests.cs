namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on kernel 7, by groups.</summary>
public class MatrixOn7Tests() : MatrixTests(MatrixKernel.Debian7)
{
    public static TheoryData<string> Hosts => HostsOf(MatrixKernel.Debian7);

    public static TheoryData<string, string> Functions => FunctionsOf(MatrixKernel.Debian7);

    public static TheoryData<string, string, string> Cells => CellsOf(MatrixKernel.Debian7);

    public static TheoryData<string, string, string> Tables => TablesOf(MatrixKernel.Debian7);

    public static TheoryData<string, string, string> Contracts => ContractsOf(MatrixKernel.Debian7);

    public static TheoryData<string, string, string, string> Aspects => AspectsOf(MatrixKernel.Debian7);

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
    [MemberData(nameof(Aspects))]
    public Task It_works(string host, string backend, string device, string aspect) => CheckAspectAsync(host, backend, device, aspect);

    [Theory]
    [MemberData(nameof(Contracts))]
    public Task The_contract_holds(string host, string backend, string device) => CheckContractAsync(host, backend, device);

    [Theory]
    [MemberData(nameof(Hosts))]
    public Task Nothing_goes_wrong_beside_that(string host) => CheckRunAsync(host);
}
