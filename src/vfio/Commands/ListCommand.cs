using System.CommandLine;
using VfioSharp.Cli.Output;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio list</c>: what is bound to vfio-pci, what could be, and who has it open.</summary>
internal static class ListCommand
{
    public static Command Describe(TextWriter output)
    {
        var all = new Option<bool>("--all") { Description = "All functions, also those that cannot be bound: bridges, IOMMUs, what is in no IOMMU group" };
        Option<bool> json = Options.Json();
        Option<string?> root = HostSource.RootOption();
        var command = new Command("list", """
            List the functions that are bound to vfio-pci or could be, with their group, what opens them, who has them open, and what uses them.

            Changes nothing. Root sees the open files of all processes.
            Examples: vfio list; vfio list --all --json
            """)
        { all, json, root };
        command.SetAction((parsed, stop) =>
        {
            HostEvidence host = HostSource.Read(parsed.GetValue(root));
            stop.ThrowIfCancellationRequested();
            bool everything = parsed.GetValue(all);
            FunctionBinding[] functions = [.. new VfioBinding(parsed.GetValue(root)).List().Where(function => everything || function.IsCandidate)];
            stop.ThrowIfCancellationRequested();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => ListJson.Write(writer, host, functions));
            }
            else
            {
                ListReport.Write(Terminal.For(output), host, functions);
            }

            return Task.FromResult((int)ExitStatus.Ok);
        });
        return command;
    }
}
