using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using VfioSharp.Cli.Hosting;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;
using VfioSharp.VirtualHost.Evidence;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio snapshot</c>: what the audit reads of a host, as a file to audit elsewhere.</summary>
internal static class SnapshotCommand
{
    public static Command Describe(TextWriter output)
    {
        Option<string?> root = HostSource.RootOption();
        var file = new Option<string>("--output", "-o")
        {
            Description = "The file to write: a tar.gz; an existing file is replaced",
            HelpName = "FILE",
            Required = true,
        };
        file.Validators.Add(RequireFile);
        var command = new Command("snapshot", """
            Write what the audit reads of this host, and nothing secret, to a file that 'vfio audit --root FILE' judges the same elsewhere.

            With --of-host and the options of 'vfio host' it is a virtual host's: what Linux would show of it.
            Left out: serial numbers, command-line and log lines that do not bear on isolation. Run as root, or the file shows no more than you may see.
            """)
        { file, root };
        var ofHost = new Option<bool>("--of-host") { Description = "A virtual host's instead: --bridge and the other options say which" };
        var virtualHost = new VirtualHostArguments();
        command.Add(ofHost);
        virtualHost.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(ofHost) && result.GetResult(root) is not null)
            {
                result.AddError("--of-host and --root exclude each other");
            }
            else if (!result.GetValue(ofHost) && virtualHost.Stray(result) is { } stray)
            {
                result.AddError($"{stray} goes with --of-host");
            }
        });
        command.SetAction((parsed, stop) =>
        {
            HostEvidence host = parsed.GetValue(ofHost)
                ? HostEvidence.Read(HostEvidenceWriter.Write(virtualHost.Create(parsed))) : HostSource.Read(parsed.GetValue(root));
            stop.ThrowIfCancellationRequested();
            var tree = new MemoryTree();
            host.WriteTo(tree);
            string path = parsed.GetValue(file)!;
            WholeFile.Write(path, stream => SnapshotArchive.Write(tree, stream), stop);
            string count = string.Create(CultureInfo.InvariantCulture, $"{host.Functions.Length} function{(host.Functions.Length == 1 ? "" : "s")}");
            output.WriteLine($"{path}: {count}; judge it with: vfio audit --root {path}");
            return Task.FromResult((int)ExitStatus.Ok);
        });
        return command;
    }

    private static void RequireFile(OptionResult result)
    {
        if (result.Tokens is [{ Value: "" or "-" } token])
        {
            result.AddError($"--output {(token.Value.Length == 0 ? "''" : token.Value)}: a snapshot goes to a file, which needs a name (./- is one)");
        }
    }
}
