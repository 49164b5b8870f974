using System.Globalization;
using Spectre.Console;
using VfioSharp.Cli.Demo;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>What <c>vfio demo</c> shows, as it happens.</summary>
internal sealed class DemoReport(IAnsiConsole console)
{
    private int step;

    /// <summary>Begins a step.</summary>
    public void Step(string title)
    {
        if (step > 0)
        {
            console.WriteLine();
        }

        step++;
        console.Line(string.Create(CultureInfo.InvariantCulture, $"{step}. "), title, new Style(decoration: Decoration.Bold), new Style(decoration: Decoration.Bold));
    }

    /// <summary>Says something.</summary>
    public void Say(string text, Color? colour = null) => console.Line("   ", text, colour is { } marked ? new Style(marked) : (Style?)null);

    /// <summary>What the audit of this host says, in a sentence.</summary>
    public void Write(HostAudit audit)
    {
        int Of(IsolationVerdict verdict) => audit.Functions.Count(function => function.Isolation.Verdict == verdict);
        Say(string.Create(CultureInfo.InvariantCulture, $"{audit.Host.Architecture ?? "unknown architecture"}, Linux {audit.Host.KernelRelease ?? "unknown"}: ")
            + (audit.Functions.IsEmpty ? "no PCI functions are visible here." : string.Create(CultureInfo.InvariantCulture,
                $"{audit.Functions.Length} PCI functions: {Of(IsolationVerdict.Isolated)} isolated, {Of(IsolationVerdict.NotIsolated)} not isolated, {Of(IsolationVerdict.Unknown)} unknown. 'vfio audit' says why.")));
    }

    /// <summary>The decision about the table's page, and its BAR page by page.</summary>
    public void Write(MsixTableDecision decision)
    {
        new PagePicture(console).Write(decision, "   BAR 0, ");
        Say(decision.Explain(), decision.Access == MsixTableAccess.Mapped ? Color.Green : Color.Yellow);
    }

    /// <summary>The measurements, side by side.</summary>
    public void Write(IReadOnlyList<DemoMeasurement> measurements)
    {
        string depths = string.Concat(DemoMeasurement.Depths.Select(depth => string.Create(CultureInfo.InvariantCulture, $"{$"IOPS, QD {depth}",14}")));
        Say($"{"doorbells",-28}{"a write",12}{"messages",12}{depths}{"messages a read",18}");
        foreach (DemoMeasurement each in measurements)
        {
            string rates = string.Concat(each.Iops.Select(rate => string.Create(CultureInfo.InvariantCulture, $"{rate,14:f0}")));
            string cost = each.Doorbell is { } doorbell
                ? string.Create(CultureInfo.InvariantCulture, $"{Time(doorbell.Nanoseconds),12}{(double)doorbell.Messages / doorbell.Writes,12:f2}") : $"{"few written",12}{"",12}";
            Say(string.Create(CultureInfo.InvariantCulture, $"{each.Name,-28}{cost}{rates}{each.MessagesEach,18:f2}"));
        }

        DemoMeasurement mapped = measurements[0];
        DemoMeasurement trapped = measurements[1];
        string ratios = string.Concat(mapped.Iops.Zip(trapped.Iops, (with, without) => string.Create(CultureInfo.InvariantCulture, $"{$"{with / Math.Max(without, 1):f1} x",14}")));
        Say(string.Create(CultureInfo.InvariantCulture, $"{"mapped, against trapped",-28}{$"{trapped.Doorbell!.Nanoseconds / mapped.Doorbell!.Nanoseconds:f0} x faster",12}{"",12}{ratios}").TrimEnd(), Color.Green);
    }

    private static string Time(double nanoseconds) => nanoseconds < 1000
        ? string.Create(CultureInfo.InvariantCulture, $"{nanoseconds:f1} ns") : string.Create(CultureInfo.InvariantCulture, $"{nanoseconds / 1000:f1} us");
}
