using System.ComponentModel;
using System.Diagnostics;
using System.Text;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>The files below a root folder, written as the kernel wants sysfs written: an open file, one write, and the error it gives.</summary>
internal sealed class LinuxBindingHost(HostTree tree, string root) : IBindingHost
{
    private const string KernelsModprobe = "proc/sys/kernel/modprobe";

    public string? DriverOf(PciAddress address) => BindingEvidence.DriverOf(tree, address);

    public string? OverrideOf(PciAddress address) => BindingEvidence.OverrideOf(tree, address);

    public BindingFault? Perform(BindingStep step)
    {
        try
        {
            string path = Path.Combine(root, step.Target);
            switch (step.Kind)
            {
                case BindingStepKind.LoadModule:
                    return LoadModule(step.Target);
                case BindingStepKind.Remember:
                    Remember(path, step.Text);
                    return null;
                case BindingStepKind.Forget:
                    File.Delete(path);
                    return null;
                default:
                    using (var file = new FileStream(path, FileMode.Open, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0))
                    {
                        file.Write(Encoding.ASCII.GetBytes(step.Text + "\n"));
                    }

                    return null;
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            Errno error = ErrnoOf(problem);
            return step.Kind == BindingStepKind.Forget && error == Errno.ENOENT ? null : new BindingFault(error);
        }
    }

    /// <summary>The kernel's error number behind an exception of System.IO.</summary>
    public static Errno ErrnoOf(Exception problem) => problem switch
    {
        FileNotFoundException or DirectoryNotFoundException => Errno.ENOENT,
        UnauthorizedAccessException { InnerException: { } inner } => ErrnoOf(inner),
        UnauthorizedAccessException => Errno.EACCES,
        { HResult: > 0 and < 4096 and var errno } => (Errno)errno,
        _ => Errno.EIO,
    };

    // Beside the file, then moved over it: a record is whole or not there.
    private static void Remember(string path, string text)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        string partial = path + ".partial";
        File.WriteAllText(partial, text);
        File.Move(partial, path, overwrite: true);
    }

    // The program that the kernel itself would run; an administrator who wants no modules loaded has emptied that file.
    private BindingFault? LoadModule(string module)
    {
        string? program = tree.Read(KernelsModprobe).Text;
        if (program is "")
        {
            return new BindingFault(Errno.None, $"/{KernelsModprobe} is empty, so no module may be loaded");
        }

        try
        {
            var start = new ProcessStartInfo(program ?? "modprobe", [module]) { RedirectStandardError = true };
            using Process process = Process.Start(start)!;
            string said = process.StandardError.ReadToEnd().Trim().ReplaceLineEndings("; ");
            process.WaitForExit();
            return process.ExitCode == 0 ? null : new BindingFault(Errno.None, said.Length > 0 ? said : $"it ended with status {process.ExitCode}");
        }
        catch (Win32Exception)
        {
            return new BindingFault(Errno.None, $"there is no {program ?? "modprobe"} to load it with");
        }
    }
}
