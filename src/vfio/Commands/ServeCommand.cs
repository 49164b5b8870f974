using System.CommandLine;
using System.CommandLine.Parsing;
using System.Runtime.InteropServices;
using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Hosting;
using VfioSharp.Cli.Serving;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser;
using VfioSharp.VirtualHost.Topology;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio serve FUNCTION</c>: functions written in C#, for QEMU and other clients of vfio-user.</summary>
internal static class ServeCommand
{
    public const string Name = "serve";

    /// <summary>How long it may take to let go of its clients when it is told to stop.</summary>
    public static readonly TimeSpan TidyUpTime = TimeSpan.FromSeconds(10);

    // SIGUSR1, which .NET has no name for: 10 on all architectures that it runs on.
    private const PosixSignal ShowStatistics = (PosixSignal)10;
    private const UnixFileMode AllPermissions = (UnixFileMode)0b111_111_111;

    public static Command Describe(TextWriter output, TextWriter error)
    {
        var function = new Argument<ServableFunction>("FUNCTION")
        {
            Description = string.Join("; ", ServableFunction.All.Select(each => $"{each.Name}: {each.Description}")),
            CustomParser = ParseFunction,
        };
        var sockets = new Option<string[]>("--socket", "--socket-path")
        {
            Description = "The socket to make and listen at; repeated, there is a function of its own at each",
            HelpName = "PATH",
        };
        var descriptors = new Option<int[]>("--fd") { Description = "Instead: a socket that listens already, passed to this process as a descriptor", HelpName = "N" };
        Option<ServingMode> mode = Options.Choice<ServingMode>("--mode",
            "Who works: shared (a few threads for all), dedicated (a thread a function), spinning (a processor a function)");
        Option<MsixTableRule> rule = Options.Rule();
        var trust = new Option<bool>("--trust-peer-memory")
        {
            Description = "Touch clients' memory directly though they could take it away, which would end this process",
        };
        var socketMode = new Option<UnixFileMode?>("--socket-mode")
        {
            Description = "The permissions of the sockets, 0600 without it",
            HelpName = "OCTAL",
            CustomParser = ParseMode,
        };
        var trace = new Option<bool>("--trace") { Description = "Print every message, decoded, to standard error" };
        var statistics = new Option<bool>("--stats") { Description = "Print what was counted when it ends, and whenever it gets SIGUSR1" };
        var json = new Option<bool>("--json") { Description = "Print that as JSON, a line a socket" };
        var command = new Command(Name, """
            Serve PCI functions to QEMU 10.1 or later and other clients of vfio-user, until Ctrl-C or SIGTERM.

            When all sockets listen it prints 'ready: FUNCTION at PATH' for each. Who comes and goes is told on standard error. A client at a time has
            a function; others wait. What an earlier server left at PATH is put away; one that is served stays.
            Exit status: 0 told to stop; 64 wrong command line; 74 a socket cannot be made, or the like.
            Examples: vfio serve tally --socket /tmp/tally.sock; vfio serve endpoint-test --socket a.sock --socket b.sock --stats
            """)
        { function, sockets, descriptors, mode, rule, trust, socketMode, trace, statistics, json };
        var host = new VirtualHostArguments("--host-bridge");
        host.AddSwitchesTo(command);
        command.Validators.Add(result => CheckWhatAndWhere(result, function, sockets, descriptors));
        command.SetAction(async (parsed, stop) =>
        {
            var log = new LineLogger(error);
            var options = new VfioUserServerOptions
            {
                Mode = parsed.GetValue(mode),
                TableRule = parsed.GetValue(rule),
                TrustPeerMemory = parsed.GetValue(trust),
                Logger = log,
                Trace = parsed.GetValue(trace) ? line => log.Write(LogLevel.Trace, line) : null,
            };
            ServableFunction kind = parsed.GetValue(function)!;
            string[] paths = parsed.GetValue(sockets) ?? [];
            int[] numbers = parsed.GetValue(descriptors) ?? [];
            VfioUserServer.RaiseDescriptorLimit();
            Func<EmulatedFunction> create = kind.Create;
            int count = paths.Length + numbers.Length;
            await using var servers = new FunctionServers(
                host.AreThere(parsed) ? PlaceOn(host, parsed, kind.Name, create, count, log) : Enumerable.Range(0, count).Select(_ => create()), options, log);
            foreach (string path in paths)
            {
                servers.Listen(path, parsed.GetValue(socketMode));
            }

            foreach (int descriptor in numbers)
            {
                servers.Take(descriptor);
            }

            bool asJson = parsed.GetValue(json);
            using PosixSignalRegistration? asked = parsed.GetValue(statistics) || asJson
                ? PosixSignalRegistration.Create(ShowStatistics, context =>
                {
                    context.Cancel = true;
                    Print(output, kind, servers, asJson);
                }) : null;
            await servers.ServeAsync(path => output.WriteLine($"ready: {kind.Name} at {path}"), stop).ConfigureAwait(false);
            await servers.DisposeAsync().ConfigureAwait(false);
            if (asked is not null)
            {
                Print(output, kind, servers, asJson);
            }

            return (int)ExitStatus.Ok;
        });
        return command;
    }

    /// <summary>Plugs functions into a virtual host: what it isolates decides about the page of their tables, and whom it refuses has no client.</summary>
    private static IEnumerable<EmulatedFunction> PlaceOn(
        VirtualHostArguments arguments, ParseResult parsed, string model, Func<EmulatedFunction> create, int count, LineLogger log)
    {
        Host host = arguments.Create(parsed, bridge => DefaultPlan.Of(bridge, model, count), _ => create());
        EndpointFunction[] functions = [.. host.Functions.OfType<EndpointFunction>()];
        Array.ForEach(functions, function => HostServers.WarnOf(host, function, log));
        return functions.Select(function => function.Model);
    }

    private static void Print(TextWriter output, ServableFunction kind, FunctionServers servers, bool asJson)
    {
        foreach ((string socket, VfioUserStatistics counts) in servers.Statistics)
        {
            if (asJson)
            {
                ServingStatistics.WriteJson(output, kind.Name, socket, counts);
            }
            else
            {
                ServingStatistics.Write(output, kind.Name, socket, counts);
            }
        }
    }

    private static void CheckWhatAndWhere(CommandResult result, Argument<ServableFunction> function, Option<string[]> sockets, Option<int[]> descriptors)
    {
        string[] paths = Values(sockets);
        string[] numbers = Values(descriptors);
        if (result.GetResult(function) is not { Tokens.Count: > 0 })
        {
            result.AddError($"what? There are: {ServableFunction.Names}");
        }
        else if (result.GetResult(sockets) is null && result.GetResult(descriptors) is null)
        {
            result.AddError("where? --socket PATH makes a socket at PATH");
        }
        else if (paths.Length > 0 && numbers.Length > 0)
        {
            result.AddError("--socket and --fd exclude each other");
        }

        foreach (string twice in (string[])[.. Twice(paths).Select(path => $"--socket {path}"), .. Twice(numbers).Select(number => $"--fd {number}")])
        {
            result.AddError($"{twice} is named twice: each function has a socket of its own");
        }

        // As they stand there: they may be wrong.
        string[] Values(Option option) => [.. result.GetResult(option)?.Tokens.Select(token => token.Value) ?? []];

        static IEnumerable<string> Twice(string[] values) => values.GroupBy(value => value).Where(same => same.Count() > 1).Select(same => same.Key);
    }

    private static ServableFunction? ParseFunction(ArgumentResult result)
    {
        string name = result.Tokens[0].Value;
        if (ServableFunction.Find(name) is { } function)
        {
            return function;
        }

        result.AddError(name.StartsWith('-') ? $"there is no option {name}" : $"there is no function '{name}' to serve; there are: {ServableFunction.Names}");
        return null;
    }

    private static UnixFileMode? ParseMode(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        int mode = 0;
        foreach (char digit in text)
        {
            mode = digit is >= '0' and <= '7' && mode <= (int)AllPermissions ? (mode * 8) + (digit - '0') : int.MaxValue;
        }

        if (text.Length > 0 && mode <= (int)AllPermissions)
        {
            return (UnixFileMode)mode;
        }

        result.AddError($"--socket-mode {text}: not an octal number from 0 to 777");
        return null;
    }
}
