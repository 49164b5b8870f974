using System.CommandLine;
using VfioSharp.Cli.Nvme;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Commands.Nvme;

/// <summary><c>vfio nvme flush</c>: what was written, onto the medium.</summary>
internal static class NvmeFlushCommand
{
    public static Command Describe(TextWriter output)
    {
        var arguments = new NvmeArguments();
        var space = new Option<uint?>("--namespace", "-n") { Description = "The namespace; all of them without it", HelpName = "ID" };
        var command = new Command("flush", """
            Bring what was written to the medium.

            Example: vfio nvme flush --socket /tmp/nvme.sock
            """)
        { space };
        arguments.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            await using NvmeSession session = await arguments.OpenAsync(parsed, new NvmeDriverOptions(), stop).ConfigureAwait(false);
            NvmeNamespaceInfo[] targets = parsed.GetValue(space) is { } id ? [session.Find(id)] : [.. session.Driver.Namespaces];
            await using NvmeQueue queue = await session.Driver.CreateQueueAsync(new NvmeQueueOptions { Depth = 2 }, stop).ConfigureAwait(false);
            foreach (NvmeNamespaceInfo target in targets)
            {
                await queue.FlushAsync(target).ConfigureAwait(false);
                output.WriteLine($"namespace {target.Id}: flushed");
            }

            return (int)ExitStatus.Ok;
        });
        return command;
    }
}
