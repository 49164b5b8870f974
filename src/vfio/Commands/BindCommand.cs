using System.CommandLine;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio bind ADDRESS</c>: give functions to vfio-pci.</summary>
internal static class BindCommand
{
    public static Command Describe(TextWriter output)
    {
        Argument<PciAddress[]> addresses = BindingChange.Addresses("The functions to bind, as [segment:]bus:device.function");
        var group = new Option<bool>("--group") { Description = "Bind the members of their IOMMU groups too that would keep the groups from being opened" };
        var force = new Option<bool>("--force") { Description = "Take functions that are in use, and lose what uses them" };
        var noModprobe = new Option<bool>("--no-modprobe") { Description = "Do not load the kernel module vfio-pci where it is missing" };
        Option<bool> dryRun = BindingChange.DryRun();
        Option<string?> root = BindingChange.Root();
        var command = new Command("bind", """
            Give functions to vfio-pci, so that user space may open them. 'vfio unbind' gives them back to the driver that they had.

            Functions that hold a mounted file system, swap, the interface of the default route or virtual functions in use are refused, and IOMMUs.
            If a step fails, what was there before is put back.
            Exit status: 0 bound, also if it was bound before; 77 refused and nothing touched; 74 a step failed.
            Examples: vfio bind 0000:01:00.0; vfio bind --group 01:00.0 --dry-run
            """)
        { addresses, group, force, noModprobe, dryRun, root };
        BindOptions OptionsOf(ParseResult parsed) => new()
        {
            IncludeGroup = parsed.GetValue(group),
            Force = parsed.GetValue(force),
            LoadModule = !parsed.GetValue(noModprobe),
        };
        command.SetAction((parsed, stop) => Task.FromResult((int)new BindingChange(output, parsed.GetValue(root), parsed.GetValue(dryRun)).Run(
            parsed.GetValue(addresses)!,
            (binding, address) => binding.PlanBind(address, OptionsOf(parsed)),
            (binding, address) => binding.Bind(address, OptionsOf(parsed)),
            stop)));
        return command;
    }
}
