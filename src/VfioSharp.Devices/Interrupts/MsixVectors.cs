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
    /// off and on again, and a signal in between is kept by the function's pending bits. Waits for removed vectors end with
    /// <see cref="ObjectDisposedException"/>; a vector added again is another object.
    /// </summary>
    /// <param name="count">How many there are to be, 1 to <see cref="PciFunction.MsixVectorCount"/>.</param>
    /// <param name="stop">Gives up before anything is changed.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="count"/> is out of its range.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="ObjectDisposedException">The vectors or the function were disposed.</exception>
    /// <exception cref="PciException">
    /// The kernel refuses; what was enabled before still is. Should that not be had back either, the vectors are at their end: dispose them.
    /// </exception>
    public ValueTask ResizeAsync(int count, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        Resize(count);
        return ValueTask.CompletedTask;
    }
}
