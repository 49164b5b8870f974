using System.Collections.Immutable;
using System.CommandLine;
using System.Globalization;
using VfioSharp.Cli.Nvme;
using VfioSharp.Cli.Output;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Commands.Nvme;

/// <summary><c>vfio nvme perf</c>: how fast a controller is.</summary>
internal static class NvmePerfCommand
{
    private const int MaxDepth = 4095;
    private const int MaxQueues = 128;

    public static Command Describe(TextWriter output, TextWriter error)
    {
        var arguments = new NvmeArguments();
        var space = new Option<uint>("--namespace", "-n") { Description = "The namespace", HelpName = "ID", DefaultValueFactory = _ => 1 };
        Option<PerfWorkload> workload = Options.Choice<PerfWorkload>("--workload", "What to do: reads anywhere (without it), writes anywhere, half of each, reads or writes in order");
        workload.Aliases.Add("-w");
        var size = new Option<ulong?>("--io-size", "-o") { Description = "The length of each I/O, 4K without it", HelpName = "SIZE", CustomParser = Options.Size };
        Option<int> depth = Options.Number("--queue-depth", "How many I/Os are under way in each queue", "1-4095", 32);
        depth.Aliases.Add("-q");
        Option<int> queues = Options.Number("--queues", "How many queues, each with a thread", "1-128", 1);
        Option<int> time = Options.Number("--time", "For how many seconds", "1-86400", 5);
        time.Aliases.Add("-t");
        var interrupts = new Option<bool>("--interrupts") { Description = "Await interrupts instead of looking for completions" };
        var overwrite = new Option<bool>("--overwrite") { Description = "Write: what the namespace holds is lost" };
        Option<bool> json = Options.Json();
        var command = new Command("perf", """
            Measure IOPS, bandwidth and latencies of a controller, from this process, without a kernel in between. Ctrl-C ends it early with what was seen.

            Exit status: 0 measured; 64 wrong command line; 74 an I/O failed, or the controller.
            Examples: vfio nvme perf --socket /tmp/nvme.sock -q 128; vfio nvme perf 0000:01:00.0 -w randwrite --overwrite -o 128K -t 10
            """)
        { space, workload, size, depth, queues, time, interrupts, overwrite, json };
        arguments.AddTo(command);
        command.Validators.Add(result =>
        {
            // From the words, for a value that could not be parsed has had its own message.
            Check(depth, MaxDepth);
            Check(queues, MaxQueues);
            Check(time, 86400);
            if (Word(workload) is { } word && Enum.TryParse(word, ignoreCase: true, out PerfWorkload chosen) && chosen is not (PerfWorkload.RandRead or PerfWorkload.Read)
                && result.GetResult(overwrite) is null)
            {
                result.AddError($"--workload {AuditJson.Camel(chosen)} destroys what the namespace holds: say --overwrite too");
            }

            string? Word(Option option) => result.GetResult(option) is { Tokens: [var token] } ? token.Value : null;

            void Check(Option option, int most)
            {
                if (int.TryParse(Word(option), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int value) && (value < 1 || value > most))
                {
                    result.AddError($"{option.Name} {value}: not a number from 1 to {most}");
                }
            }
        });
        command.SetAction(async (parsed, stop) =>
        {
            await using NvmeSession session = await arguments.OpenAsync(
                parsed, new NvmeDriverOptions { MaxQueues = Math.Max(parsed.GetValue(queues), 1), MaxTransferLength = 1 << 20 }, stop).ConfigureAwait(false);
            PerfPlan plan = Plan(session.Find(parsed.GetValue(space)), session.Driver.Controller, parsed.GetValue(workload), parsed.GetValue(size) ?? 4096,
                parsed.GetValue(depth), parsed.GetValue(queues), parsed.GetValue(time), parsed.GetValue(interrupts));
            var progress = new ProgressLine(error, parsed.GetValue(time), "seconds");
            using var ticks = new Timer(_ => progress.Step(), null, TimeSpan.FromSeconds(1), TimeSpan.FromSeconds(1));
            ImmutableArray<PerfQueue> runs = await PerfRun.RunAsync(session, plan, stop).ConfigureAwait(false);
            await ticks.DisposeAsync().ConfigureAwait(false);
            progress.End();
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => PerfReport.WriteJson(writer, session, plan, runs));
            }
            else
            {
                PerfReport.Write(output, session, plan, runs);
            }

            return (int)(runs.All(run => run.Errors == 0) ? ExitStatus.Ok : ExitStatus.IoError);
        });
        return command;
    }

    private static PerfPlan Plan(
        NvmeNamespaceInfo target, NvmeControllerInfo controller, PerfWorkload workload, ulong size, int depth, int queues, int seconds, bool interrupts)
    {
        if (size == 0 || size % (ulong)target.BlockSize != 0 || size > (ulong)controller.MaxTransferLength || size > (ulong)target.Length)
        {
            throw new CliException(ExitStatus.Usage,
                $"--io-size {SizeText.Format(size)}: a multiple of the block's {target.BlockSize} bytes, up to {SizeText.Format((ulong)Math.Min(controller.MaxTransferLength, target.Length))}, is wanted");
        }

        return queues > controller.QueueCount
            ? throw new CliException(ExitStatus.Usage, $"--queues {queues}: the controller has {controller.QueueCount}")
            : new PerfPlan(target, workload, (int)(size / (ulong)target.BlockSize), depth, queues, TimeSpan.FromSeconds(seconds), interrupts);
    }
}
