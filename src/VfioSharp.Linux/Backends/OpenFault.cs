using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Binding;

namespace VfioSharp.Linux.Backends;

/// <summary>What the kernel's refusals mean while a function is opened, and what to do about them.</summary>
/// <param name="context">The function and its host.</param>
internal sealed class OpenFault(OpenContext context)
{
    private const string Operation = "open";

    private int Group => context.Audit.Evidence.IommuGroup ?? -1;

    /// <summary>A file under <c>/dev</c> could not be opened.</summary>
    public PciException OfNode(string node, Errno error) => error switch
    {
        Errno.ENOENT or Errno.ENODEV or Errno.ENXIO => OfMissingNode(node, error),
        Errno.EACCES => Make($"{context.Address}: {node} may not be opened: run as root, or give the user the file: chown USER {node}", error),
        Errno.EPERM when context.Options.Backend == VfioBackend.NoIommu => Make(
            $"{context.Address}: {node} may not be opened: VFIO's no-IOMMU mode wants CAP_SYS_RAWIO: run as root", error),
        Errno.EPERM => Make($"{context.Address}: {node} may not be opened: a container must be allowed the device (docker run --device {node}, DeviceAllow={node} in systemd)", error),
        Errno.EBUSY => OfHolders(error),
        Errno.EMFILE or Errno.ENFILE => Make($"{context.Address}: {node} cannot be opened: there are too many open files (ulimit -n)", error),
        _ => Make($"{context.Address}: {node} cannot be opened ({error})", error),
    };

    /// <summary>The container or the iommufd could not be opened.</summary>
    public PciException OfContainer(string node, string module, Errno error) =>
        error is Errno.ENOENT or Errno.ENODEV or Errno.ENXIO ? Make($"{context.Address}: {node} is not there: load its module: modprobe {module}", error) : OfNode(node, error);

    /// <summary>The kernel lets nobody have the group, as drivers hold members of it.</summary>
    public DeviceBusyException OfGroupInUse(Errno error) => new(Operation, context.Audit.Assignability is { IsAssignable: false, Explanation: { } why }
        ? $"{context.Address}: its IOMMU group cannot be given away whole: {why}"
        : $"{context.Address}: IOMMU group {Group} cannot be given away whole: another of its members has a driver that does DMA; vfio list shows them", context.Address, (int)error);

    /// <summary>Somebody has the function or its group open.</summary>
    public DeviceBusyException OfHolders(Errno error)
    {
        string who = FindOthers() is { Length: > 0 } others ? string.Join(", ", others) : "a process that this one cannot see (run as root to learn which)";
        return new DeviceBusyException(Operation, $"{context.Address} or its IOMMU group {Group} is open already, in {who}: end that first", context.Address, (int)error);
    }

    /// <summary>iommufd refuses a function whose file could be opened (<c>iommufd_device_bind()</c>, <c>vfio_df_open()</c>).</summary>
    public PciException OfBinding(Errno error) => error switch
    {
        // Both also tell of a group whose members have other owners.
        Errno.EPERM or Errno.EBUSY when context.Audit.Assignability is { IsAssignable: false, Blockers.IsEmpty: false } => OfGroupInUse(error),
        Errno.EPERM => OfIsolation("iommufd", error),
        Errno.EBUSY => OfHolders(error),
        Errno.EINVAL when FindOthers().Length > 0 => OfHolders(error),
        Errno.EINVAL => Make(
            $"{context.Address}: iommufd does not take the function ({error}): another process, which this one cannot see, has it open, or the IOMMU cannot force DMA to be "
            + "coherent with the processor's caches, which iommufd demands (try VfioBackend.Group)", error),
        Errno.EACCES => Make(
            $"{context.Address}: its physical function is driven through vfio-pci too, whose user has a secret: show it as VfioOptions.VfToken, with VfioBackend.Group", error),
        _ => OfDevice(error, null),
    };

    /// <summary>The kernel does not attach the group because its MSIs are not isolated.</summary>
    /// <param name="judge">The module that decided.</param>
    /// <param name="error">What it answered.</param>
    public MsiIsolationException OfIsolation(string judge, Errno error)
    {
        string advice = context.Audit.Isolation.Advice is { } text ? $"To have them isolated: {text}. " : "";
        return new MsiIsolationException(Operation,
            $"{context.Address}: the kernel does not attach IOMMU group {Group}: its MSIs are not isolated, so a function of it could raise any interrupt of this host. {advice}"
            + $"To accept that, for every function given away through {judge} until it is taken back, write Y to /sys/module/{judge}/parameters/allow_unsafe_interrupts; "
            + "the MSI-X table's page then stays trapped unless the caller accepts the risk, and trapping it prevents accidents, not attacks: any DMA can forge the same messages",
            context.Address, (int)error);
    }

    /// <summary>The group does not give the function out.</summary>
    public PciException OfDevice(Errno error, string? judge) => error switch
    {
        Errno.EPERM when judge is not null => OfIsolation(judge, error),
        Errno.ENODEV => OfUnbound(error),
        Errno.EACCES => Make(context.Options.VfToken is null
            ? $"{context.Address}: its physical function is driven through vfio-pci too, whose user has a secret: show it as VfioOptions.VfToken"
            : $"{context.Address}: VfioOptions.VfToken is not the secret that the user of its physical function has set", error),
        Errno.EINVAL when context.Options.VfToken is not null => Make(
            $"{context.Address}: no VfioOptions.VfToken is wanted: it is neither a virtual function whose physical function is on vfio-pci nor such a physical function", error),
        Errno.EBUSY => OfHolders(error),
        _ => Make($"{context.Address}: VFIO does not open the function ({error}); the kernel's log may say why", error),
    };

    /// <summary>Anything else.</summary>
    public PciException Of(string what, Errno error) => Make($"{context.Address}: {what} ({error})", error);

    // This process has just opened the function's own file, if only to be refused.
    private VfioHolder[] FindOthers() => [.. context.FindHolders().Where(holder => holder.ProcessId != Environment.ProcessId)];

    private PciException OfMissingNode(string node, Errno error) => context.IsBound
        ? Make($"{context.Address} is bound to {context.Audit.Evidence.Driver}, yet {node} cannot be opened ({error}): a container must be given the device", error)
        : OfUnbound(error);

    private PciException OfUnbound(Errno error)
    {
        string driver = context.Audit.Evidence.Driver is { } name ? $"bound to {name}" : "bound to no driver";
        return context.IsBound ? Make($"{context.Address} is bound to {context.Audit.Evidence.Driver}, yet VFIO does not give it out ({error}): bind it anew", error)
            : Make($"{context.Address} is {driver}, not to vfio-pci; bind it: vfio bind {context.Address}", error);
    }

    private PciException Make(string message, Errno error) => new(Operation, message, context.Address, (int)error);
}
