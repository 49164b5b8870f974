using System.Globalization;

namespace VfioSharp.Linux.Binding;

/// <summary>Why a step did not work.</summary>
/// <param name="Errno">The kernel's error number, or 0 where there is none.</param>
/// <param name="Detail">What else is known, or null.</param>
internal readonly record struct BindingFault(int Errno, string? Detail = null)
{
    // include/uapi/asm-generic/errno-base.h
    public const int EPERM = 1;
    public const int ENOENT = 2;
    public const int EIO = 5;
    public const int EACCES = 13;
    public const int EBUSY = 16;
    public const int ENODEV = 19;
    public const int EINVAL = 22;
    public const int EROFS = 30;

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
        string how = Errno == 0 ? "" : $" ({Name(Errno)})";
        string? why = Detail ?? AdviceFor(step, Errno);
        return what + how + (why is null ? "" : $": {why}");
    }

    private static string? AdviceFor(BindingStep step, int errno) => (errno, step.Target) switch
    {
        (EPERM or EACCES, _) => "run it as root, outside a container",
        (EROFS, _) => "it is mounted read-only, as in a container: run it on the host",
        (ENOENT, _) when step.Target.EndsWith("/driver_override", StringComparison.Ordinal) => "the function has gone, or the kernel is older than 3.16",
        (ENOENT, _) when step.Target.StartsWith(BindingStep.Drivers, StringComparison.Ordinal) => "the driver has been unloaded",
        (ENODEV, _) when step.Target.EndsWith("/unbind", StringComparison.Ordinal) => "the function has gone, or another driver has it by now",
        (ENODEV, _) => "the driver does not know this function, or its probe found no device",
        (EBUSY, _) when IsAttach(step) => "its SR-IOV is on (write 0 to its sriov_numvfs), or another driver took it first",
        (EBUSY, _) => "somebody else uses it: a member of its group is open through VFIO, or another driver took it first",
        (EINVAL, _) when IsAttach(step) => "it is in no IOMMU group, is a bridge, or is on vfio-pci's denylist; the kernel's log tells which",
        _ => null,
    };

    // vfio_pci_core_register_device() and vfio_pci_probe(), drivers/vfio/pci.
    private static bool IsAttach(BindingStep step) => step.Target == $"{BindingStep.Drivers}/{BindingEvidence.VfioPci}/bind";

    private static string Name(int errno) => errno switch
    {
        EPERM => nameof(EPERM),
        ENOENT => nameof(ENOENT),
        EIO => nameof(EIO),
        EACCES => nameof(EACCES),
        EBUSY => nameof(EBUSY),
        ENODEV => nameof(ENODEV),
        EINVAL => nameof(EINVAL),
        EROFS => nameof(EROFS),
        _ => string.Create(CultureInfo.InvariantCulture, $"error {errno}"),
    };
}
