using System.CommandLine;
using VfioSharp.Cli.Fleet;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio diff BEFORE [AFTER]</c>: what a change of firmware or kernel has done to isolation.</summary>
internal static class DiffCommand
{
    public static Command Describe(TextWriter output)
    {
        const string What = "a snapshot (.tar, .tar.gz), a folder that holds a host's sys/ and proc/, or what 'vfio audit --json' printed (.json)";
        var before = new Argument<string>("BEFORE") { Description = $"What to compare with: {What}" };
        var after = new Argument<string?>("AFTER") { Description = "The same of later; this machine as it is now without it", Arity = ArgumentArity.ZeroOrOne };
        Option<bool> json = Options.Json();
        var command = new Command("diff", """
            Compare two audits, as a rule of one host before and after a change of firmware, kernel or command line: what became less isolated, what more,
            what came and went.

            Exit status: 0 nothing differs, 1 something does.
            Examples: vfio snapshot -o before.tar.gz; vfio diff before.tar.gz; vfio diff before.tar.gz after.tar.gz --json
            """)
        { before, after, json };
        command.SetAction((parsed, stop) =>
        {
            FleetHost first = FleetFile.Read(parsed.GetValue(before)!);
            stop.ThrowIfCancellationRequested();
            FleetHost second = parsed.GetValue(after) is { } path ? FleetFile.Read(path) : FleetHost.Of(FleetFile.Now, HostAudit.Of(HostSource.Read(null)));
            HostDifference difference;
            try
            {
                difference = HostDifference.Of(first, second);
            }
            catch (InvalidDataException problem)
            {
                throw new CliException(ExitStatus.IoError, problem.Message);
            }

            stop.ThrowIfCancellationRequested();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => DifferenceJson.Write(writer, difference));
            }
            else
            {
                new DifferenceReport(Terminal.For(output)).Write(difference);
            }

            return Task.FromResult((int)(difference.IsEmpty ? ExitStatus.Ok : ExitStatus.NotIsolated));
        });
        return command;
    }
}
