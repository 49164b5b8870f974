using System.CommandLine;
using VfioSharp.Cli.Nvme;
using VfioSharp.Cli.Output;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Commands.Nvme;

/// <summary><c>vfio nvme read</c>: blocks, as a dump or to a file.</summary>
internal static class NvmeReadCommand
{
    public static Command Describe(TextWriter output, TextWriter error)
    {
        var arguments = new NvmeArguments();
        var range = new NvmeRange();
        var count = new Option<ulong?>("--blocks") { Description = "How many; one without it, all from --block on with -o", HelpName = "N", CustomParser = Options.Size };
        var file = new Option<string?>("--output", "-o") { Description = "Write them there instead of a dump; '-' for standard output", HelpName = "FILE" };
        var command = new Command("read", """
            Read logical blocks, and print them as hexadecimal or write them to a file.

            Examples: vfio nvme read --socket /tmp/nvme.sock --block 0; vfio nvme read 0000:01:00.0 -o disk.img
            """)
        { count, file };
        range.AddTo(command);
        arguments.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            await using NvmeSession session = await arguments.OpenAsync(parsed, new NvmeDriverOptions(), stop).ConfigureAwait(false);
            NvmeNamespaceInfo target = range.Find(parsed, session);
            string? path = parsed.GetValue(file);
            (ulong first, ulong blocks) = range.Within(parsed, target, parsed.GetValue(count) ?? (path is null ? 1 : null));
            var progress = new ProgressLine(error, (long)blocks * target.BlockSize, "bytes");
            var transfer = new BlockTransfer(session, target, progress.Report);
            if (path is null)
            {
                ulong offset = first * (ulong)target.BlockSize;
                await transfer.ReadAsync(first, blocks, data => offset = HexDump.Write(output, offset, data), stop).ConfigureAwait(false);
            }
            else
            {
                await using Stream stream = path == "-" ? Console.OpenStandardOutput() : Open(path);
                await transfer.ReadAsync(first, blocks, stream.Write, stop).ConfigureAwait(false);
            }

            progress.End();
            return (int)ExitStatus.Ok;
        });
        return command;
    }

    private static FileStream Open(string path)
    {
        try
        {
            return new FileStream(path, FileMode.Create, FileAccess.Write);
        }
        catch (Exception problem) when (problem is ArgumentException or IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"--output {path}: {problem.Message}");
        }
    }
}
