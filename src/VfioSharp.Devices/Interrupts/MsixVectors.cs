using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Interrupts;

/// <summary>The enabled MSI-X vectors of a function (PCIe 6.0, 6.1.4.2).</summary>
public sealed class MsixVectors : InterruptSet
{
    internal MsixVectors(PciFunction function, int count)
        : base(function, InterruptKind.Msix, count)
    {
    }

    /// <summary>
    /// Adds vectors at the end, or removes them from there. Where the kernel cannot add vectors while others are enabled (NORESIZE) MSI-X is turned
    /// off and on again, and a signal in between is kept by the function's pending bits.
    /// </summary>
    /// <param name="count">How many there are to be, 1 to <see cref="PciFunction.MsixVectorCount"/>.</param>
    /// <param name="stop">Gives up before anything is changed.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of its range.</exception>
    /// <exception cref="PciException">The kernel refuses; what was enabled before still is.</exception>
    public ValueTask ResizeAsync(int count, CancellationToken stop = default) => throw new NotImplementedException();
}
