using System.CommandLine;
using VfioSharp.Cli.Nvme;
using VfioSharp.Cli.Output;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Commands.Nvme;

/// <summary><c>vfio nvme write</c>: a file's bytes into blocks.</summary>
internal static class NvmeWriteCommand
{
    public static Command Describe(TextWriter output, TextWriter error)
    {
        var arguments = new NvmeArguments();
        var range = new NvmeRange();
        var file = new Option<string>("--input", "-i") { Description = "What to write; '-' for standard input", HelpName = "FILE", Required = true };
        var pad = new Option<bool>("--pad") { Description = "Fill the last block up with zeros" };
        var force = new Option<bool>("--fua") { Description = "Force unit access: each piece is on the medium before the next is begun" };
        var command = new Command("write", """
            Write a file to logical blocks. What was there is gone.

            Example: vfio nvme write --socket /tmp/nvme.sock --block 2048 -i part.img
            """)
        { file, pad, force };
        range.AddTo(command);
        arguments.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            string path = parsed.GetValue(file)!;
            await using Stream source = path == "-" ? Console.OpenStandardInput() : Open(path);
            await using NvmeSession session = await arguments.OpenAsync(parsed, new NvmeDriverOptions(), stop).ConfigureAwait(false);
            NvmeNamespaceInfo target = range.Find(parsed, session);
            (ulong first, ulong room) = range.Within(parsed, target, null);
            bool isPadded = parsed.GetValue(pad);
            if (source.CanSeek && Problem(source.Length, room, target, isPadded) is { } problem)
            {
                throw new CliException(ExitStatus.Usage, $"--input {path}: {problem}; nothing was written");
            }

            var progress = new ProgressLine(error, source.CanSeek ? source.Length : (long)room * target.BlockSize, "bytes");
            ulong blocks = await new BlockTransfer(session, target, progress.Report)
                .WriteAsync(first, room, source, isPadded, parsed.GetValue(force), stop).ConfigureAwait(false);
            progress.End();
            output.WriteLine($"{blocks} block{(blocks == 1 ? "" : "s")} of {target.BlockSize} bytes written to namespace {target.Id} from block {first} on");
            return (int)ExitStatus.Ok;
        });
        return command;
    }

    // Known before anything is written, where the source has a length.
    private static string? Problem(long length, ulong room, NvmeNamespaceInfo target, bool pad) =>
        length % target.BlockSize != 0 && !pad ? $"its {length} bytes are no multiple of the block's {target.BlockSize}; --pad fills the last block up with zeros"
        : (ulong)((length + target.BlockSize - 1) / target.BlockSize) > room ? $"its {length} bytes do not fit into the {room} blocks that are left in namespace {target.Id}"
        : null;

    private static FileStream Open(string path)
    {
        try
        {
            return File.OpenRead(path);
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException or ArgumentException)
        {
            throw new CliException(ExitStatus.InputMissing, $"--input {path}: there is no such file");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"--input {path}: {problem.Message}");
        }
    }
}
