using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// What an emulated function is plugged into: whoever takes its interrupts. Called with the function's control lock held, from any thread; must
/// neither block nor call the function.
/// </summary>
internal interface IFunctionHost
{
    /// <summary>Takes the message of an MSI or MSI-X vector.</summary>
    /// <param name="kind">MSI or MSI-X.</param>
    /// <param name="vector">Which vector.</param>
    /// <param name="address">Where the message is written to, as programmed; a host that signals by descriptors has no use for it.</param>
    /// <param name="data">What is written.</param>
    /// <returns>False where nobody takes it now; the vector stays pending.</returns>
    bool Deliver(InterruptKind kind, int vector, ulong address, uint data);

    /// <summary>The legacy line changed: asserted, and neither disabled nor replaced by messages.</summary>
    void SetIntx(bool asserted);

    /// <summary>A vector of MSI or MSI-X was masked or unmasked, by whoever.</summary>
    void Masked(InterruptKind kind, int vector, bool masked)
    {
    }

    /// <summary>
    /// Carries out a function-level reset that software asked for by the function's register. A host that keeps what it has programmed through resets
    /// does so here too. The one member that is called with no lock held.
    /// </summary>
    ValueTask ResetAsync(FunctionCore core, CancellationToken stop) => core.ResetAsync(stop);
}
