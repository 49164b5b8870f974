using System.CommandLine;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio unbind ADDRESS</c>: give functions back to the driver that they had.</summary>
internal static class UnbindCommand
{
    public static Command Describe(TextWriter output)
    {
        Argument<PciAddress[]> addresses = BindingChange.Addresses("The functions to give back, as [segment:]bus:device.function");
        var force = new Option<bool>("--force") { Description = "Unbind functions that are open, and wait until their holders have let go" };
        Option<bool> dryRun = BindingChange.DryRun();
        Option<string?> root = BindingChange.Root();
        var command = new Command("unbind", """
            Give functions on vfio-pci back to the driver that 'vfio bind' took them from; without a record of it, the kernel chooses one.

            Functions that a process has open are refused.
            Exit status: 0 given back, also if it was not on vfio-pci; 77 refused and nothing touched; 74 a step failed.
            Example: vfio unbind 0000:01:00.0
            """)
        { addresses, force, dryRun, root };
        UnbindOptions OptionsOf(ParseResult parsed) => new() { Force = parsed.GetValue(force) };
        command.SetAction((parsed, stop) => Task.FromResult((int)new BindingChange(output, parsed.GetValue(root), parsed.GetValue(dryRun)).Run(
            parsed.GetValue(addresses)!,
            (binding, address) => binding.PlanUnbind(address, OptionsOf(parsed)),
            (binding, address) => binding.Unbind(address, OptionsOf(parsed)),
            stop)));
        return command;
    }
}
