using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Linux.Backends;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux;

/// <summary>Opens functions of this host through VFIO.</summary>
public static class Vfio
{
    /// <summary>
    /// Opens a function that is bound to vfio-pci. The kernel resets it where it can, as it does when it is closed; bus mastering is on only in between.
    /// </summary>
    /// <remarks>
    /// <para>Functions of one IOMMU group share it: they can be opened in one process, one after the other, and what memory one of them sees the others see
    /// too. The group is this process's until the last of them is disposed.</para>
    /// <para>Whether the group's MSIs are isolated is judged as <c>vfio audit</c> judges it, by the host's evidence. That the kernel has attached the group while
    /// its override is off is evidence too; it never outweighs evidence to the contrary.</para>
    /// </remarks>
    /// <param name="address">The function.</param>
    /// <param name="options">How; null for the defaults.</param>
    /// <param name="stop">Gives up. What the kernel has begun by then is ended, and the function closed again.</param>
    /// <returns>The function; dispose it when done.</returns>
    /// <exception cref="MsiIsolationException">The kernel does not attach the group, as its MSIs are not isolated.</exception>
    /// <exception cref="DeviceBusyException">Somebody else has the function or its group, or a driver holds a member of the group.</exception>
    /// <exception cref="PciException">It cannot be opened for another reason: the message says what to do.</exception>
    public static async ValueTask<PciFunction> OpenAsync(PciAddress address, VfioOptions? options = null, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();

        // The kernel does all of it inside the calls, a second and more where the reset takes its time.
        VfioFunction function = await Task.Run(() => new FunctionOpener(LinuxHost.OpenTree(null), options ?? new VfioOptions()).Open(address), CancellationToken.None)
            .ConfigureAwait(false);
        if (stop.IsCancellationRequested)
        {
            await function.DisposeAsync().ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();
        }

        return function;
    }

    /// <summary>
    /// Resets a function together with everything else on its bus or slot, for functions that cannot be reset alone. All of it must be open in this process.
    /// </summary>
    /// <param name="function">A function that <see cref="OpenAsync"/> gave.</param>
    /// <param name="stop">Gives up before the reset starts.</param>
    /// <returns>The functions that were reset, <paramref name="function"/> among them. Their registers are at their defaults.</returns>
    /// <exception cref="ArgumentException"><paramref name="function"/> was not opened here.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="DeviceBusyException">The reset would take functions along that this process does not hold.</exception>
    /// <exception cref="PciException">The bus or slot cannot be reset, or the reset failed.</exception>
    public static async ValueTask<ImmutableArray<PciAddress>> HotResetAsync(PciFunction function, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        if (function is not VfioFunction opened)
        {
            throw new ArgumentException($"{function.Name} was not opened through VFIO", nameof(function));
        }

        stop.ThrowIfCancellationRequested();
        opened.ThrowIfGone("hot reset");
        return await Task.Run(() => HotReset.Run(opened), CancellationToken.None).ConfigureAwait(false);
    }
}
