using System.CommandLine;
using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Output;
using VfioSharp.Cli.Serving;
using VfioSharp.Devices;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio connect PATH</c>: everything about one served function.</summary>
internal static class ConnectCommand
{
    public static Command Describe(TextWriter output, TextWriter error)
    {
        var path = new Argument<string>("PATH") { Description = "The socket where the function is served" };
        Option<bool> json = Options.Json();
        Option<MsixTableRule> rule = Options.Rule();
        var trust = new Option<bool>("--trust-peer-memory") { Description = "Count memory as mappable though the server could take it away" };
        var trace = new Option<bool>("--trace") { Description = "Print every message, decoded, to standard error" };
        var command = new Command("connect", """
            Everything about one function that is served over vfio-user: what 'vfio show' says of a host's, with what its server offers: regions,
            what of them can be mapped, interrupts, migration. It asks and changes nothing, but takes a client's place: a function that another
            client has does not answer.

            Exit status: 0 it has answered; 66 nobody serves there; 74 the server refuses, is busy, or does not keep to the protocol.
            Examples: vfio connect /tmp/tally.sock; vfio connect /tmp/tally.sock --json
            """)
        { path, json, rule, trust, trace };
        command.SetAction(async (parsed, stop) =>
        {
            var log = new LineLogger(error);
            var options = new VfioUserClientOptions
            {
                TableRule = parsed.GetValue(rule),
                TrustPeerMemory = parsed.GetValue(trust),
                Trace = parsed.GetValue(trace) ? line => log.Write(LogLevel.Trace, line) : null,
            };
            ServedFunction function = await AskAsync(parsed.GetValue(path)!, options, stop).ConfigureAwait(false);
            uint pageSize = (uint)Environment.SystemPageSize;
            MsixTableDecision[] atPageSizes = [.. ((uint[])[0x1000, 0x4000, 0x10000]).Select(function.DecideTable).OfType<MsixTableDecision>()];
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => ConnectJson.Write(writer, function, pageSize, atPageSizes));
            }
            else
            {
                new ConnectReport(Terminal.For(output)).Write(function, pageSize, atPageSizes);
            }

            return (int)ExitStatus.Ok;
        });
        return command;
    }

    private static async Task<ServedFunction> AskAsync(string path, VfioUserClientOptions options, CancellationToken stop)
    {
        if (path.Length == 0)
        {
            throw new CliException(ExitStatus.InputMissing, "PATH: its name is empty");
        }

        try
        {
            return await VfioUserClient.DescribeAsync(path, options, stop).ConfigureAwait(false);
        }
        catch (PciException problem) when (problem.IsNobodyThere())
        {
            throw new CliException(ExitStatus.InputMissing, problem.Message);
        }
    }
}
