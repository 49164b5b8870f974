using System.CommandLine;
using VfioSharp.Cli.Nvme;
using VfioSharp.Cli.Output;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Commands.Nvme;

/// <summary><c>vfio nvme identify</c>: what a controller says of itself, and how it is reached.</summary>
internal static class NvmeIdentifyCommand
{
    public static Command Describe(TextWriter output)
    {
        var arguments = new NvmeArguments();
        Option<bool> json = Options.Json();
        var command = new Command("identify", """
            What a controller is and has: its namespaces, its health, and whether its doorbells are mapped.

            Example: vfio nvme identify --socket /tmp/nvme.sock --json
            """)
        { json };
        arguments.AddTo(command);
        command.SetAction(async (parsed, stop) =>
        {
            await using NvmeSession session = await arguments.OpenAsync(parsed, new NvmeDriverOptions(), stop).ConfigureAwait(false);
            NvmeHealth health = await session.Driver.ReadSmartAsync(stop).ConfigureAwait(false);
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => IdentifyJson.Write(writer, session, health));
            }
            else
            {
                new IdentifyReport(Terminal.For(output)).Write(session, health);
            }

            return (int)ExitStatus.Ok;
        });
        return command;
    }
}
