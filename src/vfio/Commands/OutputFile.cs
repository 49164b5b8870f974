using System.CommandLine.Parsing;
using VfioSharp.Linux;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Commands;

/// <summary>A file that a command makes. It is written beside and moved over: whoever reads it sees the old one or the new one, whole.</summary>
internal static class OutputFile
{
    /// <summary>Refuses a file that has no name, or the one that elsewhere means standard output.</summary>
    public static void RequireName(OptionResult result, string content)
    {
        if (result.Tokens is [{ Value: "" or "-" } token])
        {
            result.AddError($"{result.Option.Name} {(token.Value.Length == 0 ? "''" : token.Value)}: {content} goes to a file, which needs a name (./- is one)");
        }
    }

    /// <summary>Writes a file, or replaces one.</summary>
    /// <exception cref="CliException">It cannot be written; what was there before is still there.</exception>
    public static void Write(string path, Action<Stream> write, CancellationToken stop)
    {
        string? partial = null;
        try
        {
            string full = TargetOf(path);
            string beside = Path.Combine(Path.GetDirectoryName(full) ?? "/", $".{Path.GetFileName(full)}.{Environment.ProcessId}.partial");
            using (FileStream stream = new(beside, FileMode.CreateNew, FileAccess.Write))
            {
                partial = beside;
                write(stream);
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
