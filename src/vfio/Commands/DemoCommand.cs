using System.CommandLine;
using System.Globalization;
using Spectre.Console;
using VfioSharp.Cli.Demo;
using VfioSharp.Cli.Nvme;
using VfioSharp.Cli.Output;
using VfioSharp.Devices;
using VfioSharp.Pci.Audit;
using VfioSharp.VirtualHost;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio demo</c>: what all is about, on hosts in software.</summary>
internal static class DemoCommand
{
    private static readonly VirtualHostOptions Isolating = new() { Bridge = HostBridgeKind.Vtd };
    private static readonly VirtualHostOptions Open = Isolating with { AdvertisedOnly = true };

    public static Command Describe(TextWriter output)
    {
        var time = new Option<double>("--time")
        {
            Description = "How many seconds each of the six measurements takes",
            HelpName = "SECONDS",
            DefaultValueFactory = _ => 1,
            CustomParser = result =>
            {
                if (double.TryParse(result.Tokens[0].Value, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out double seconds) && seconds is >= 0.01 and <= 3600)
                {
                    return seconds;
                }

                result.AddError($"--time {result.Tokens[0].Value}: not a number from 0.01 to 3600");
                return 0;
            },
        };
        var command = new Command("demo", """
            Show in about ten seconds what all is about; needs no hardware and no privilege.

            Audits this host. Puts an NVMe controller, whose doorbells share the page of its MSI-X table, on a host in software, serves it over vfio-user and
            drives it: verified I/O with interrupts, then doorbells and 4 KiB reads with the page mapped and with it trapped. Then isolation is turned off, and
            the host refuses to give the controller away.
            """)
        { time };
        command.SetAction(async (parsed, stop) =>
        {
            string folder = Directory.CreateTempSubdirectory("vfio-demo-").FullName;
            try
            {
                return (int)await RunAsync(new DemoReport(Terminal.For(output)), folder, TimeSpan.FromSeconds(parsed.GetValue(time)), stop).ConfigureAwait(false);
            }
            finally
            {
                Directory.Delete(folder, recursive: true);
            }
        });
        return command;
    }

    private static async Task<ExitStatus> RunAsync(DemoReport report, string folder, TimeSpan time, CancellationToken stop)
    {
        report.Step("This host");
        report.Write(HostAudit.Of(HostSource.Read(null)));

        report.Step("An NVMe controller on a host in software that remaps interrupts (Intel VT-d), served over vfio-user, driven from here");
        await using DemoStage isolated = DemoStage.Build(Isolating, Path.Combine(folder, "isolated.sock"));
        NvmeSession session = await isolated.DriveAsync(shadowDoorbells: false, stop).ConfigureAwait(false);
        await using (session.ConfigureAwait(false))
        {
            report.Say($"{isolated.Address}: {session.Driver.Controller.Model}, {SizeText.Format((ulong)session.Driver.Namespaces[0].Length)}; its doorbells and its MSI-X table are on one page.");
            report.Write(session.Decision!);

            report.Step("Random data written, flushed, read back and compared, each command awaited by its interrupt");
            long before = isolated.Interrupts;
            VerifiedRun run = await VerifiedRun.RunAsync(session, stop).ConfigureAwait(false);
            if (run.Differences > 0)
            {
                throw new CliException(ExitStatus.IoError, $"{run.Differences} of {run.Pieces} pieces of {run.PieceLength} bytes came back otherwise than they were written");
            }

            report.Say(string.Create(CultureInfo.InvariantCulture,
                $"{run.Pieces} pieces of {SizeText.Format((ulong)run.PieceLength)}: all the same. {isolated.Interrupts - before} interrupts."), Color.Green);
        }

        report.Step("The doorbells' page mapped, and trapped as where MSIs are not isolated (the same host with intremap=off, its refusal overridden)");
        await using DemoStage trapped = DemoStage.Build(Open with { AllowsUnsafeInterrupts = true }, Path.Combine(folder, "trapped.sock"));
        report.Write(
        [
            await DemoMeasurement.MeasureAsync("mapped", isolated, false, time, stop).ConfigureAwait(false),
            await DemoMeasurement.MeasureAsync("trapped", trapped, false, time, stop).ConfigureAwait(false),
            await DemoMeasurement.MeasureAsync("trapped, kept in memory", trapped, true, time, stop).ConfigureAwait(false),
        ]);

        report.Step("Isolation turned off (intremap=off), and nothing overridden");
        await using DemoStage refused = DemoStage.Build(Open, Path.Combine(folder, "refused.sock"));
        try
        {
            refused.Check();
            throw new CliException(ExitStatus.IoError, "the host gives away a function whose MSIs are not isolated");
        }
        catch (MsiIsolationException refusal)
        {
            report.Say($"Refused: {refusal.Message}.", Color.Yellow);
        }

        try
        {
            await using PciFunction function = await refused.ConnectAsync(stop).ConfigureAwait(false);
            throw new CliException(ExitStatus.IoError, "the server takes a client that the host refuses");
        }
        catch (PciException)
        {
            report.Say("A client of its server is turned away for the same reason.");
        }

        return ExitStatus.Ok;
    }
}
