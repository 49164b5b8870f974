namespace VfioSharp.Lab.Tests.Matrix;

/// <summary>Names the kernel of a class of the matrix.</summary>
public interface IKernelUnderTest
{
    /// <summary>As <see cref="MatrixKernel"/> knows it.</summary>
    static abstract string Name { get; }
}
