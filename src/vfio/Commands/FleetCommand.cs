using System.CommandLine;
using VfioSharp.Cli.Fleet;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio fleet DIR|FILE…</c>: the audits of thousands of hosts, by hardware and by what differs.</summary>
internal static class FleetCommand
{
    public static Command Describe(TextWriter output, TextWriter error)
    {
        var paths = new Argument<string[]>("DIR|FILE")
        {
            Description = "Snapshots (.tar, .tar.gz), what 'vfio audit --json' printed (.json), and folders that hold such files",
            Arity = ArgumentArity.OneOrMore,
        };
        var lines = new Option<string?>("--ndjson") { Description = "Write a line of JSON a host to FILE as well; '-' for standard output, and nothing else there", HelpName = "FILE" };
        var command = new Command("fleet", """
            Judge many hosts from their snapshots or audits: which are not isolated and why, by hardware, and within it by what differs.

            Exit status: 0 all isolated, 1 something is not isolated, 2 something is unknown or a file could not be read; 66 a path is missing or holds no hosts.
            Examples: vfio fleet /var/lib/snapshots; vfio fleet *.json --ndjson fleet.ndjson
            """)
        { paths, lines };
        command.SetAction(async (parsed, stop) =>
        {
            IReadOnlyList<string> files = FleetReading.Find(parsed.GetValue(paths)!);
            var progress = new ProgressLine(error, files.Count, "hosts");
            FleetReading reading = await FleetReading.ReadAsync(files, done => progress.Report(done), stop).ConfigureAwait(false);
            progress.End();
            string? target = parsed.GetValue(lines);
            if (target is not null)
            {
                Write(output, target, reading, stop);
            }

            if (target != "-")
            {
                new FleetReport(Terminal.For(output)).Write(reading);
            }
            else
            {
                foreach (string problem in reading.Problems)
                {
                    error.WriteLine($"vfio: {problem}");
                }
            }

            return (int)StatusOf(reading);
        });
        return command;
    }

    private static void Write(TextWriter output, string target, FleetReading reading, CancellationToken stop)
    {
        if (target == "-")
        {
            WriteTo(output);
            return;
        }

        WholeFile.WriteText(target, WriteTo, stop);

        void WriteTo(TextWriter writer)
        {
            foreach (FleetHost host in reading.Hosts)
            {
                FleetJson.Write(writer, host);
            }
        }
    }

    private static ExitStatus StatusOf(FleetReading reading) =>
        reading.Hosts.Any(host => host.Verdict == IsolationVerdict.NotIsolated) ? ExitStatus.NotIsolated
        : !reading.Problems.IsEmpty || reading.Hosts.Any(host => host.Verdict == IsolationVerdict.Unknown) ? ExitStatus.Unknown : ExitStatus.Ok;
}
