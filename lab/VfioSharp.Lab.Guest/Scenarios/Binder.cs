using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>Gives functions to vfio-pci for a scenario.</summary>
internal static class Binder
{
    private static readonly BindOptions Loaded = new() { LoadModule = false };

    /// <summary>Binds a function; the guest has loaded the module.</summary>
    /// <exception cref="InvalidOperationException">It could not be bound: the message says why.</exception>
    public static void Bind(PciAddress address, BindOptions? options = null)
    {
        BindOutcome outcome = new VfioBinding().Bind(address, options ?? Loaded);
        if (!outcome.Succeeded)
        {
            throw new InvalidOperationException(outcome.Message);
        }
    }
}
