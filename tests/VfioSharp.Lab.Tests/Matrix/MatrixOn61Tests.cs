namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on kernel 6.1, by groups.</summary>
public class MatrixOn61Tests : MatrixTests<MatrixOn61Tests>, IKernelUnderTest
{
    public static string Name => nameof(MatrixKernel.Debian61);
}
