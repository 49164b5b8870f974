using System.CommandLine;
using System.Globalization;
using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Hosting;
using VfioSharp.Cli.Output;
using VfioSharp.Cli.Serving;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser;
using VfioSharp.VirtualHost.Attacks;
using VfioSharp.VirtualHost.Evidence;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Topology;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio host</c>: a host in software, audited, attacked or served.</summary>
internal static class HostCommand
{
    public const string Name = "host";

    private const string Serve = "--serve";

    public static Command Describe(TextWriter output, TextWriter error)
    {
        var arguments = new VirtualHostArguments();
        Option<bool> json = Options.Json();
        Option<MsixTableRule> rule = Options.Rule();
        var attack = new Option<bool>("--attack") { Description = "Let every function try to raise the interrupts of all others, and print what got through" };
        var seed = Options.Number("--seed", "With --attack: where its guesses begin", "N", 1);
        var serve = new Option<string?>(Serve) { Description = "Serve the functions that vfio-pci holds over vfio-user, each at DIR/ADDRESS.sock, until Ctrl-C", HelpName = "DIR" };
        var trace = new Option<bool>("--trace") { Description = "With --serve: print every message, decoded, to standard error" };
        var command = new Command(Name, """
            Make a PCI host in software: host bridges, buses with their MSI-isolated flag, IOMMU groups, interrupt hardware programmed as Linux does.

            Prints the audit of what Linux would show of it, as 'vfio audit' does of a real one, and beside it what the hardware itself says.
            Exit status: as audit's; with --attack 0 nothing got through, 1 something did; with --serve 0 told to stop; 64 there can be no such host.
            Examples: vfio host --bridge vtd; vfio host --bridge vtd --nosid --attack; vfio host --bridge its --serve /tmp/its
            """)
        { json, rule, attack, seed, serve, trace };
        arguments.AddTo(command);
        command.Validators.Add(result =>
        {
            if (result.GetValue(attack) && result.GetResult(serve) is not null)
            {
                result.AddError($"--attack and {Serve} exclude each other: an attack raises interrupts that nobody sent");
            }
            else if (result.GetResult(serve) is null && result.GetValue(trace))
            {
                result.AddError($"--trace goes with {Serve}");
            }
            else if (!result.GetValue(attack) && result.GetResult(seed) is { Implicit: false })
            {
                result.AddError("--seed goes with --attack");
            }
            else if (result.GetResult(serve) is not null && result.GetValue(serve) is "")
            {
                result.AddError($"{Serve} '': a folder needs a name");
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            Host host = arguments.Create(parsed);
            bool asJson = parsed.GetValue(json);
            if (parsed.GetValue(attack))
            {
                return (int)Attack(output, host, parsed.GetValue(seed), asJson, stop);
            }

            if (parsed.GetValue(serve) is not { } folder)
            {
                return (int)Audit(output, host, parsed.GetValue(rule), asJson);
            }

            var log = new LineLogger(error);
            VfioUserServer.RaiseDescriptorLimit();
            await using var servers = new HostServers(host, new VfioUserServerOptions
            {
                TableRule = parsed.GetValue(rule),
                Logger = log,
                Trace = parsed.GetValue(trace) ? line => log.Write(LogLevel.Trace, line) : null,
            }, log);
            servers.Listen(folder);
            Audit(output, host, parsed.GetValue(rule), asJson);
            await servers.ServeAsync((function, path) => output.WriteLine($"ready: {function.Address} at {path}"), stop).ConfigureAwait(false);
            return (int)ExitStatus.Ok;
        });
        return command;
    }

    /// <summary>Whether a command line is one that serves until it is told to stop.</summary>
    public static bool Serves(ParseResult parsed) =>
        parsed.CommandResult.Command.Name == Name && parsed.CommandResult.Children.Any(child => child is System.CommandLine.Parsing.OptionResult { Option.Name: Serve });

    private static ExitStatus Audit(TextWriter output, Host host, MsixTableRule rule, bool asJson)
    {
        var audit = HostAudit.Of(HostEvidence.Read(HostEvidenceWriter.Write(host)), [], null, rule);
        if (asJson)
        {
            JsonOutput.Write(output, writer => AuditJson.Write(writer, audit));
        }
        else
        {
            new AuditReport(Terminal.For(output)).Write(audit);
            WriteHardware(output, host);
        }

        return AuditCommand.StatusOf(audit.Functions);
    }

    // What the audit concludes from evidence, the hardware knows.
    private static void WriteHardware(TextWriter output, Host host)
    {
        var lines = new LabelledLines(Terminal.For(output));
        foreach (HostBridge bridge in host.HostBridges)
        {
            UnitCondition condition = bridge.Unit.Examine();
            output.WriteLine();
            output.WriteLine(string.Create(CultureInfo.InvariantCulture, $"Hardware below bus {bridge.RootBus}: {bridge.Unit.Name}"));
            lines.Line("Messages", $"{(condition.IsIsolating ? "confined" : "not confined")}: {condition.Reason}");
            lines.Line("Flag", bridge.RootBus.HasIsolatedMsis ? "MSI-isolated, given when the bus was made" : "not MSI-isolated");
            UnitCondition all = bridge.RootBus.Functions.Count > 0 ? host.Judge(bridge.RootBus.Functions[0]) : condition;
            if (all.IsIsolating != condition.IsIsolating)
            {
                lines.Line("But", all.Reason);
            }
        }
    }

    private static ExitStatus Attack(TextWriter output, Host host, int seed, bool asJson, CancellationToken stop)
    {
        AttackReport report = InterruptAttack.Run(host, new AttackOptions { Seed = seed }, stop: stop);
        if (asJson)
        {
            JsonOutput.Write(output, writer => AttackText.WriteJson(writer, report));
        }
        else
        {
            AttackText.Write(output, report);
        }

        return report.Breaches == 0 ? ExitStatus.Ok : ExitStatus.NotIsolated;
    }
}
