using System.CommandLine;
using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

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
        var command = new Command("snapshot", """
            Write what the audit reads of this host, and nothing secret, to a file that 'vfio audit --root FILE' judges the same elsewhere.

            Left out: serial numbers, command-line and log lines that do not bear on isolation. Run as root, or the file shows no more than you may see.
            """)
        { file, root };
        command.SetAction((parsed, stop) =>
        {
            HostEvidence host = HostSource.Read(parsed.GetValue(root));
            stop.ThrowIfCancellationRequested();
            var tree = new MemoryTree();
            host.WriteTo(tree);
            string path = parsed.GetValue(file)!;
            Write(tree, path, stop);
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{path}: {host.Functions.Length} functions; judge it with: vfio audit --root {path}"));
            return Task.FromResult((int)ExitStatus.Ok);
        });
        return command;
    }

    // Beside the file, then moved over it: whoever reads it sees the old one or the new one, whole.
    private static void Write(MemoryTree tree, string path, CancellationToken stop)
    {
        string full = Path.GetFullPath(path);
        string partial = Path.Combine(Path.GetDirectoryName(full) ?? "/", $".{Path.GetFileName(full)}.{Environment.ProcessId}.partial");
        try
        {
            using (FileStream stream = File.Create(partial))
            {
                SnapshotArchive.Write(tree, stream);
            }

            stop.ThrowIfCancellationRequested();
            if (File.Exists(full) || !Path.Exists(full))
            {
                File.Move(partial, full, overwrite: true);
            }
            else
            {
                throw new IOException($"{path} is no file");
            }
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"cannot write {path}: {problem.Message}");
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
