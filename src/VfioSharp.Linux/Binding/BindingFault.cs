using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Binding;

/// <summary>Why a step did not work.</summary>
/// <param name="Error">The kernel's error, or <see cref="Errno.None"/> where it gave none.</param>
/// <param name="Detail">What else is known, or null.</param>
internal readonly record struct BindingFault(Errno Error, string? Detail = null)
{
    /// <summary>What failed, how, and what to do about it: a sentence without its full stop.</summary>
    public string Explain(BindingStep step)
    {
        string what = step.Kind switch
        {
            BindingStepKind.LoadModule => $"modprobe {step.Target} failed",
            BindingStepKind.Forget => $"/{step.Target} cannot be removed",
            BindingStepKind.Write when step.Text.Length > 0 => $"/{step.Target} did not take {step.Text}",
            _ => $"/{step.Target} cannot be written",
        };
        string how = Error == Errno.None ? "" : $" ({Error})";
        string? why = Detail ?? AdviceFor(step, Error);
        return what + how + (why is null ? "" : $": {why}");
    }

    private static string? AdviceFor(BindingStep step, Errno error) => (error, step.Target) switch
    {
        (Errno.EPERM or Errno.EACCES, _) => "run it as root, outside a container",
        (Errno.EROFS, _) => "it is mounted read-only, as in a container: run it on the host",
        (Errno.ENOENT, _) when step.Target.EndsWith("/driver_override", StringComparison.Ordinal) => "the function has gone, or the kernel is older than 3.16",
        (Errno.ENOENT, _) when step.Target.StartsWith(BindingStep.Drivers, StringComparison.Ordinal) => "the driver has been unloaded",
        (Errno.ENODEV, _) when step.Target.EndsWith("/unbind", StringComparison.Ordinal) => "the function has gone, or another driver has it by now",
        (Errno.ENODEV, _) => "the driver does not know this function, or its probe found no device",
        (Errno.EBUSY, _) when IsAttach(step) => "its SR-IOV is on (write 0 to its sriov_numvfs), or another driver took it first",
        (Errno.EBUSY, _) => "somebody else uses it: a member of its group is open through VFIO, or another driver took it first",
        (Errno.EINVAL, _) when IsAttach(step) => "it is in no IOMMU group, is a bridge, or is on vfio-pci's denylist; the kernel's log tells which",
        _ => null,
    };

    // vfio_pci_core_register_device() and vfio_pci_probe(), drivers/vfio/pci.
    private static bool IsAttach(BindingStep step) => step.Target == $"{BindingStep.Drivers}/{BindingEvidence.VfioPci}/bind";
}
