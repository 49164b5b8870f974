namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on kernel 7, by groups.</summary>
public class MatrixOn7Tests : MatrixTests<MatrixOn7Tests>, IKernelUnderTest
{
    public static string Name => nameof(MatrixKernel.Debian7);
}
