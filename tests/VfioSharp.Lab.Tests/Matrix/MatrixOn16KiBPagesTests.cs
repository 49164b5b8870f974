namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on arm64 with pages of 16 KiB, by groups: what shares the table's page is all that a disk has.</summary>
public class MatrixOn16KiBPagesTests : MatrixTests<MatrixOn16KiBPagesTests>, IKernelUnderTest
{
    public static string Name => nameof(MatrixKernel.Debian7With16KiBPages);

    [Theory]
    [MemberData(nameof(Hosts))]
    public Task A_disks_registers_lie_on_the_tables_page(string host) => CheckSharedPageAsync(host, "Group", "nvme", "0x0-0x3fff", "Registers 0x0-0x1fff");
}
