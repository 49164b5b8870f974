namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on kernel 6.12, by groups and by iommufd; that kernel shows its own flag.</summary>
public class MatrixOn612Tests : MatrixTests<MatrixOn612Tests>, IKernelUnderTest
{
    public static string Name => nameof(MatrixKernel.Small612);

    [Theory]
    [MemberData(nameof(Functions))]
    public Task The_audit_agrees_with_the_kernels_own_flag(string host, string device) => CheckFlagAsync(host, device);
}
