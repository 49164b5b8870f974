using System.CommandLine;
using System.CommandLine.Invocation;
using System.Runtime.InteropServices;
using VfioSharp.Cli.Commands;

namespace VfioSharp.Cli;

/// <summary>The command line, apart from the process: arguments in, text and a status out.</summary>
internal static class Cli
{
    private static readonly TimeSpan TidyUpTime = TimeSpan.FromSeconds(1);

    // A server is told to stop by whatever ends the session that started it; other commands end of themselves.
    private static readonly PosixSignal[] StopsServer = [PosixSignal.SIGINT, PosixSignal.SIGTERM, PosixSignal.SIGHUP];

    public static ExitStatus Run(IReadOnlyList<string> arguments, TextWriter output, TextWriter error, CancellationToken cancelled = default)
    {
        RootCommand root = Describe(output, error);
        ParseResult parsed = root.Parse(arguments);
        var configuration = new InvocationConfiguration { Output = output, Error = error, EnableDefaultExceptionHandler = false, ProcessTerminationTimeout = null };
        if (parsed.Action is ParseErrorAction || (parsed.CommandResult.Command == root && parsed.Action is null))
        {
            // The library would exit with 1, which here means "not isolated".
            if (parsed.CommandResult.Command == root && parsed.UnmatchedTokens is [var word, ..])
            {
                error.WriteLine($"vfio: there is no {(word.StartsWith('-') ? "option" : "command")} {word}");
            }
            else
            {
                foreach (System.CommandLine.Parsing.ParseError problem in parsed.Errors)
                {
                    error.WriteLine($"vfio: {problem.Message}");
                }
            }

            error.WriteLine($"Try '{CommandPath(parsed)} --help'.");
            return ExitStatus.Usage;
        }

        bool serves = parsed.CommandResult.Command.Name == ServeCommand.Name || HostCommand.Serves(parsed);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancelled);
        PosixSignalRegistration[] signals = [.. (serves ? StopsServer : [PosixSignal.SIGINT]).Select(signal => PosixSignalRegistration.Create(signal, context =>
        {
            context.Cancel = true;
            stop.Cancel();
        }))];
        try
        {
            // Apart from this thread, which a read that never returns (a FIFO, a device that hangs) must not keep from ending.
            Task<int> command = Task.Run(() => parsed.InvokeAsync(configuration, stop.Token));
            if (Task.WaitAny([command, WhenOverdue(serves ? ServeCommand.TidyUpTime : TidyUpTime, stop.Token)], CancellationToken.None) == 0)
            {
                return (ExitStatus)command.GetAwaiter().GetResult();
            }

            return ExitStatus.Interrupted;
        }
        catch (OperationCanceledException)
        {
            return ExitStatus.Interrupted;
        }
        catch (CliException problem)
        {
            error.WriteLine($"vfio: {problem.Message}");
            return problem.Status;
        }
        catch (IOException problem)
        {
            error.WriteLine($"vfio: {problem.Message}");
            return ExitStatus.IoError;
        }
        catch (UnauthorizedAccessException problem)
        {
            error.WriteLine($"vfio: {problem.Message}");
            return ExitStatus.IoError;
        }
        finally
        {
            Array.ForEach(signals, signal => signal.Dispose());
        }
    }

    /// <summary>Ends when the command has been told to stop and has had the time to tidy up.</summary>
    private static async Task WhenOverdue(TimeSpan time, CancellationToken stop)
    {
        await Task.Delay(Timeout.Infinite, stop).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await Task.Delay(time, CancellationToken.None).ConfigureAwait(false);
    }

    private static RootCommand Describe(TextWriter output, TextWriter error)
    {
        var root = new RootCommand("""
            User-space PCI: may software touch the page that holds a function's MSI-X table?

            Start with 'vfio audit'. It asks this machine, changes nothing, and needs no privilege (root sees more).
            """)
        {
            AuditCommand.Describe(output),
            ShowCommand.Describe(output),
            PlanCommand.Describe(output),
            SnapshotCommand.Describe(output),
            DiffCommand.Describe(output),
            FleetCommand.Describe(output, error),
            ListCommand.Describe(output),
            BindCommand.Describe(output),
            UnbindCommand.Describe(output),
            ServeCommand.Describe(output, error),
            ConnectCommand.Describe(output, error),
            HostCommand.Describe(output, error),
            DemoCommand.Describe(output),
        };
        return root;
    }

    private static string CommandPath(ParseResult parsed)
    {
        var names = new List<string>();
        for (System.CommandLine.Parsing.SymbolResult? at = parsed.CommandResult; at is System.CommandLine.Parsing.CommandResult command; at = at.Parent)
        {
            names.Insert(0, command.Parent is null ? "vfio" : command.Command.Name);
        }

        return string.Join(' ', names);
    }
}
