namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>The matrix on arm64 with kernel 7, by groups.</summary>
public class MatrixOnArm64Tests : MatrixTests<MatrixOnArm64Tests>, IKernelUnderTest
{
    public static string Name => nameof(MatrixKernel.Debian7OnArm64);
}
