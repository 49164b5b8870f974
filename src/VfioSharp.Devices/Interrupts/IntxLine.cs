using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Interrupts;

/// <summary>The legacy interrupt line of a function (PCI 3.0, 2.2.6). Level-triggered: the host masks it each time it fires.</summary>
public sealed class IntxLine : InterruptSet
{
    internal IntxLine(PciFunction function)
        : base(function, InterruptKind.Intx, 1)
    {
    }

    /// <summary>Waits for the line, as <see cref="InterruptVector.WaitAsync"/>.</summary>
    /// <inheritdoc cref="InterruptVector.WaitAsync"/>
    public ValueTask WaitAsync(CancellationToken stop = default) => this[0].WaitAsync(stop);

    /// <summary>Lets the line fire again, once the function has been told to lower it.</summary>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="ObjectDisposedException">The line or the function was disposed.</exception>
    /// <exception cref="PciException">The kernel or the peer refuses.</exception>
    public void Unmask() => UnmaskLine();
}
