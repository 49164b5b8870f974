using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using VfioSharp.Cli.Hosting;
using VfioSharp.Linux;
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
            Write(tree, path, stop);
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

    // Beside the file, then moved over it: whoever reads it sees the old one or the new one, whole.
    private static void Write(MemoryTree tree, string path, CancellationToken stop)
    {
        string? partial = null;
        try
        {
            string full = TargetOf(path);
            string beside = Path.Combine(Path.GetDirectoryName(full) ?? "/", $".{Path.GetFileName(full)}.{Environment.ProcessId}.partial");
            using (FileStream stream = new(beside, FileMode.CreateNew, FileAccess.Write))
            {
                partial = beside;
                SnapshotArchive.Write(tree, stream);
            }

            stop.ThrowIfCancellationRequested();
            File.Move(beside, full, overwrite: true);
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"cannot write {path}: {Reason(problem)}");
        }
        finally
        {
            Remove(partial);
        }
    }

    // Where the file really lies: a link stays a link. Only a file is replaced, never /dev/null or a pipe.
    private static string TargetOf(string path)
    {
        string full = Path.GetFullPath(path);
        var file = new FileInfo(full);
        full = file.LinkTarget is null ? full : file.ResolveLinkTarget(returnFinalTarget: true)!.FullName;
        if (Directory.Exists(full) || full.EndsWith('/'))
        {
            throw new IOException("it is a folder");
        }

        return Path.Exists(full) && LinuxHost.OpenTree(null).Read(full).State == HostFileState.Failed
            ? throw new IOException("it is there already, and no regular file") : full;
    }

    // Without the name of the file beside it, which is not the user's.
    private static string Reason(Exception problem) => problem switch
    {
        DirectoryNotFoundException or FileNotFoundException => "there is no such folder, or no file can be made in it",
        UnauthorizedAccessException => "permission denied",
        _ when problem.Message.IndexOf(" : '", StringComparison.Ordinal) is > 0 and var end => problem.Message[..end],
        _ => problem.Message,
    };

    private static void Remove(string? partial)
    {
        try
        {
            if (partial is not null)
            {
                File.Delete(partial);
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            // What kept it from being made keeps it from being removed, and has been said.
        }
    }
}
