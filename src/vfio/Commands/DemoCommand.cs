using System.CommandLine;
using System.Globalization;
using VfioSharp.Cli.Demo;
using VfioSharp.VirtualHost;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio demo</c>: what all is about, on two hosts in software.</summary>
internal static class DemoCommand
{
    public static Command Describe(TextWriter output)
    {
        var times = new Option<int>("--times")
        {
            Description = "How often the doorbell is written, and read",
            HelpName = "N",
            DefaultValueFactory = _ => 20_000,
            CustomParser = result =>
            {
                if (int.TryParse(result.Tokens[0].Value, NumberStyles.None, CultureInfo.InvariantCulture, out int number) && number is >= 10 and <= 100_000_000)
                {
                    return number;
                }

                result.AddError($"--times {result.Tokens[0].Value}: not a number from 10 to 100000000");
                return 0;
            },
        };
        var command = new Command("demo", """
            Show what it costs to keep hands off the page of an MSI-X table that has a function's doorbells too, and what isolation saves.

            A function is put on two hosts in software, one that remaps interrupts and one that could and does not, served over vfio-user, and driven. Where
            MSIs are isolated the page is mapped, and a doorbell is a store; where they are not, each access is a message. Needs no hardware and no privilege.
            """)
        { times };
        command.SetAction(async (parsed, stop) =>
        {
            string folder = Directory.CreateTempSubdirectory("vfio-demo-").FullName;
            try
            {
                var vtd = new VirtualHostOptions { Bridge = HostBridgeKind.Vtd };
                int count = parsed.GetValue(times);
                DoorbellRun isolated = await DoorbellRun.OnAsync("Intel VT-d", vtd, folder, count, stop).ConfigureAwait(false);
                DoorbellRun open = await DoorbellRun.OnAsync(
                    "Intel VT-d, intremap=off", vtd with { AdvertisedOnly = true, AllowsUnsafeInterrupts = true }, folder, count, stop).ConfigureAwait(false);
                Print(output, count, [isolated, open]);
                return (int)ExitStatus.Ok;
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static void Print(TextWriter output, int count, DoorbellRun[] runs)
    {
        Line($"A doorbell on the page of the MSI-X table, {count} writes and {count} reads of it:");
        output.WriteLine();
        Line($"{"host",-26}{"page",-10}{"messages",10}{"ns a write",14}{"ns a read",14}");
        foreach (DoorbellRun run in runs)
        {
            Line($"{run.Name,-26}{Output.AuditJson.Camel(run.Decision.Access),-10}{run.Messages,10}{run.Write,14:f1}{run.Read,14:f1}");
        }

        Line($"{"trapped / mapped",-26}{"",20}{runs[1].Write / runs[0].Write,14:f0}{runs[1].Read / runs[0].Read,14:f0}");
        output.WriteLine();
        foreach (DoorbellRun run in runs)
        {
            Line($"{run.Name}: {Output.AuditJson.Camel(run.Decision.Access)} ({Output.AuditJson.Camel(run.Decision.Reason)}; docs/decision.md)");
        }

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
    }
}
