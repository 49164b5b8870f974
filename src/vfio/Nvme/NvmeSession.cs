using VfioSharp.Devices;
using VfioSharp.Nvme.Driver;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Nvme;

/// <summary>A controller that a command drives, and its function.</summary>
/// <param name="function">Ends with the driver.</param>
/// <param name="driver">Shut down when this is disposed.</param>
internal sealed class NvmeSession(PciFunction function, NvmeDriver driver) : IAsyncDisposable
{
    /// <summary>The function, for memory and for what was decided about it.</summary>
    public PciFunction Function => function;

    /// <summary>The driver.</summary>
    public NvmeDriver Driver => driver;

    /// <summary>What was decided about the page of its MSI-X table; null where it has none.</summary>
    public MsixTableDecision? Decision
    {
        get
        {
            if (function.Msix is not { Table: not null } msix)
            {
                return null;
            }

            using Devices.Access.Bar bar = function.MapBar(msix.TableBar);
            return bar.MsixTable;
        }
    }

    /// <summary>The namespace of that number.</summary>
    /// <exception cref="CliException">There is none; the message says which there are.</exception>
    public NvmeNamespaceInfo Find(uint id) => driver.Namespaces.FirstOrDefault(each => each.Id == id) ?? throw new CliException(
        ExitStatus.InputMissing,
        $"{function.Name} has no namespace {id}; it has: {(driver.Namespaces.IsEmpty ? "none" : string.Join(", ", driver.Namespaces.Select(each => each.Id)))}");

    /// <inheritdoc/>
    public ValueTask DisposeAsync() => driver.DisposeAsync();
}
