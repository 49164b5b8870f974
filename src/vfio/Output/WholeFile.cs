using System.Text;
using VfioSharp.Linux;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Output;

/// <summary>Writes files that others may read meanwhile: beside, then moved over, so that they see the old one or the new one, whole.</summary>
internal static class WholeFile
{
    /// <summary>Writes text.</summary>
    /// <param name="path">The file; an existing one is replaced, a link stays a link.</param>
    /// <param name="write">Writes it.</param>
    /// <param name="stop">Gives up; the file stays as it was.</param>
    /// <exception cref="CliException">It cannot be written; the message says why.</exception>
    public static void WriteText(string path, Action<TextWriter> write, CancellationToken stop) => Write(path, stream =>
    {
        using var writer = new StreamWriter(stream, new UTF8Encoding(encoderShouldEmitUTF8Identifier: false)) { NewLine = "\n" };
        write(writer);
    }, stop);

    /// <summary>Writes bytes.</summary>
    /// <inheritdoc cref="WriteText"/>
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

    // Where the file really lies. Only a file is replaced, never /dev/null or a pipe.
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
