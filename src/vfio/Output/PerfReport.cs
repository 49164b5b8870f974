using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using VfioSharp.Cli.Nvme;

namespace VfioSharp.Cli.Output;

/// <summary>What <c>vfio nvme perf</c> has measured: a line a queue, and one for all; as JSON schema <c>vfiosharp.perf/1</c>, docs/json.md.</summary>
internal static class PerfReport
{
    public const string Schema = "vfiosharp.perf/1";

    private static readonly double MicrosecondsPerTick = 1e6 / Stopwatch.Frequency;

    public static void Write(TextWriter output, NvmeSession session, PerfPlan plan, IReadOnlyList<PerfQueue> runs)
    {
        Line($"{session.Function.Name}: {session.Driver.Controller.Model}, namespace {plan.Target.Id}");
        Line($"{SizeText.Format((ulong)plan.IoLength)} {Word(plan.Workload)}, {plan.Depth} under way in each of {plan.Queues} queue{(plan.Queues == 1 ? "" : "s")}, {plan.Time.TotalSeconds} s, {(plan.Interrupts ? "interrupts awaited" : "completions looked for")}, doorbells {(session.Driver.Controller.DoorbellsMapped ? "mapped" : "trapped")}");
        output.WriteLine();
        Line($"{"",-9}{"IOPS",11}{"MiB/s",10}{"avg us",10}{"p50",9}{"p99",9}{"p99.9",9}{"max",10}");
        if (runs.Count > 1)
        {
            foreach ((int index, PerfQueue run) in runs.Index())
            {
                Row($"queue {index + 1}", run.Latencies, Rate(run));
            }
        }

        Row(runs.Count > 1 ? "all" : "", Merge(runs), runs.Sum(Rate));
        if (runs.Sum(run => run.Errors) is > 0 and var errors)
        {
            output.WriteLine();
            Line($"{errors} failed, the first as {runs.First(run => run.Errors > 0).FirstError}");
        }

        void Row(string name, LatencyHistogram latencies, double rate) => Line(
            $"{name,-9}{rate,11:f0}{rate * plan.IoLength / (1 << 20),10:f1}{Average(latencies),10:f1}{Micro(latencies, 50),9:f1}{Micro(latencies, 99),9:f1}{Micro(latencies, 99.9),9:f1}{latencies.Longest * MicrosecondsPerTick,10:f1}");

        void Line(FormattableString text) => output.WriteLine(text.ToString(CultureInfo.InvariantCulture).TrimEnd());
    }

    public static void WriteJson(Utf8JsonWriter json, NvmeSession session, PerfPlan plan, IReadOnlyList<PerfQueue> runs)
    {
        json.WriteStartObject();
        json.WriteString("schema", Schema);
        json.WriteString("name", session.Function.Name);
        json.WriteNumber("namespace", plan.Target.Id);
        json.WriteString("workload", AuditJson.Camel(plan.Workload));
        json.WriteNumber("ioLength", plan.IoLength);
        json.WriteNumber("depth", plan.Depth);
        json.WriteBoolean("interrupts", plan.Interrupts);
        json.WriteBoolean("doorbellsMapped", session.Driver.Controller.DoorbellsMapped);
        json.WriteStartArray("queues");
        foreach (PerfQueue run in runs)
        {
            json.WriteStartObject();
            Write(json, run.Latencies, Rate(run), run.Errors, plan);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        Write(json, Merge(runs), runs.Sum(Rate), runs.Sum(run => run.Errors), plan);
        json.WriteEndObject();
    }

    private static void Write(Utf8JsonWriter json, LatencyHistogram latencies, double rate, long errors, PerfPlan plan)
    {
        json.WriteNumber("operations", latencies.Count);
        json.WriteNumber("errors", errors);
        json.WriteNumber("iops", Math.Round(rate, 1));
        json.WriteNumber("bytesPerSecond", Math.Round(rate * plan.IoLength));
        json.WriteStartObject("latency");
        json.WriteNumber("average", Math.Round(Average(latencies), 3));
        json.WriteNumber("p50", Math.Round(Micro(latencies, 50), 3));
        json.WriteNumber("p99", Math.Round(Micro(latencies, 99), 3));
        json.WriteNumber("p999", Math.Round(Micro(latencies, 99.9), 3));
        json.WriteNumber("max", Math.Round(latencies.Longest * MicrosecondsPerTick, 3));
        json.WriteEndObject();
    }

    private static LatencyHistogram Merge(IEnumerable<PerfQueue> runs)
    {
        var all = new LatencyHistogram();
        foreach (PerfQueue run in runs)
        {
            all.Add(run.Latencies);
        }

        return all;
    }

    private static double Rate(PerfQueue run) => run.Elapsed == 0 ? 0 : run.Latencies.Count * (double)Stopwatch.Frequency / run.Elapsed;

    private static double Average(LatencyHistogram latencies) => latencies.Count == 0 ? 0 : (double)latencies.Sum / latencies.Count * MicrosecondsPerTick;

    private static double Micro(LatencyHistogram latencies, double percent) => latencies.Percentile(percent) * MicrosecondsPerTick;

    private static string Word(PerfWorkload workload) => workload switch
    {
        PerfWorkload.RandRead => "random reads",
        PerfWorkload.RandWrite => "random writes",
        PerfWorkload.RandRw => "random reads and writes",
        PerfWorkload.Read => "reads in order",
        _ => "writes in order",
    };
}
