using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios.Serving;

/// <summary>The functions that the scenario has open from one step to the next.</summary>
internal sealed class OpenFunctions : IAsyncDisposable
{
    private readonly Dictionary<PciAddress, PciFunction> functions = [];

    public PciFunction this[PciAddress address] => functions[address];

    /// <summary>Gives a function to vfio-pci and opens it.</summary>
    public async Task<PciFunction> OpenAsync(PciAddress address, VfioOptions options, CancellationToken stop)
    {
        Binder.Bind(address);
        PciFunction function = await Vfio.OpenAsync(address, options, stop);
        functions.Add(address, function);
        return function;
    }

    public async Task CloseAsync(PciAddress address)
    {
        functions.Remove(address, out PciFunction? function);
        await function!.DisposeAsync();
    }

    public async ValueTask DisposeAsync()
    {
        foreach (PciFunction function in functions.Values)
        {
            await function.DisposeAsync();
        }

        functions.Clear();
    }
}
