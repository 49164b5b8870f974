using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Output;

/// <summary>One function for a person: a headline, then a labelled line for each thing the audit says of it.</summary>
internal sealed class FunctionReport(IAnsiConsole console, HostAudit audit)
{
    private readonly LabelledLines lines = new(console);

    public static Style StyleOf(IsolationVerdict verdict) => new(verdict switch
    {
        IsolationVerdict.Isolated => Color.Green,
        IsolationVerdict.NotIsolated => Color.Red,
        _ => Color.Yellow,
    });

    public static string Describe(IsolationVerdict verdict) => verdict switch
    {
        IsolationVerdict.Isolated => "isolated",
        IsolationVerdict.NotIsolated => "not isolated",
        _ => "unknown",
    };

    /// <summary>Whether something filters the function's messages, or could.</summary>
    public static string DescribeFilter(IsolationAssessment isolation) => isolation switch
    {
        { InUse: true } => "a filter is in use",
        { InUse: false, Advertised: true } => "a filter is advertised but not in use",
        { InUse: false } => "no filter is in use",
        { Advertised: true } => "a filter is advertised; whether it is in use is unknown",
        _ => "whether a filter is in use is unknown",
    };

    /// <summary>What this kernel would do.</summary>
    public static string DescribeKernel(IsolationAssessment isolation) => isolation.KernelAccepts switch
    {
        true => "this kernel's VFIO would let it attach",
        false => "this kernel's VFIO refuses it",
        null => "whether this kernel's VFIO would let it attach cannot be told",
    };

    /// <summary>Why nothing is said of a function's MSI-X.</summary>
    public static string DescribeAbsence(ConfigurationSpace configuration) => configuration switch
    {
        { Length: > 0, IsAbsent: true } => "not readable: the function does not answer (removed, or powered down)",
        { HoldsCapabilities: true } => "none",
        _ => "not readable: configuration space beyond byte 63 needs root",
    };

    public static string Count(int vectors) => string.Create(CultureInfo.InvariantCulture, $"{vectors} vector{(vectors == 1 ? "" : "s")}");

    public void Write(FunctionAudit function)
    {
        FunctionEvidence evidence = function.Evidence;
        console.Line("", $"{function.Address} {FunctionNames.ClassName(evidence)}: {FunctionNames.Describe(audit.Host, evidence)}", new Style(decoration: Decoration.Bold));
        Line("Driver", evidence.Driver ?? "none");
        Line("Group", DescribeGroup(function));
        WriteIsolation(function.Isolation);
        WriteMsix(function);
        foreach (ConfigurationFinding finding in function.Findings)
        {
            Line("Oddity", finding.Text);
        }
    }

    private static string DescribeGroup(FunctionAudit function)
    {
        if (function.Evidence.IommuGroup is not { } number)
        {
            return "no IOMMU group, so not assignable";
        }

        string group = string.Create(CultureInfo.InvariantCulture, $"IOMMU group {number}");
        return function.Assignability switch
        {
            { IsAssignable: true } => $"{group}; assignable",
            { Explanation: { } why } => $"{group}; not assignable: {why}",
            _ => $"{group}; not assignable",
        };
    }

    private void WriteIsolation(IsolationAssessment isolation)
    {
        Line("MSIs", $"{Describe(isolation.Verdict)}; {DescribeFilter(isolation)}; {DescribeKernel(isolation)} ({isolation.Platform})", StyleOf(isolation.Verdict));
        foreach (IsolationFinding finding in isolation.Findings)
        {
            Line("", $"{finding.Source}: {finding.Text}");
        }
    }

    private void WriteMsix(FunctionAudit function)
    {
        if (function.Msix is not { } msix)
        {
            Line("MSI-X", DescribeAbsence(function.Configuration));
            return;
        }

        MsixReport.Write(lines, msix, function.Table, audit.PageSize);
    }

    private void Line(string label, string text, Style? style = null) => lines.Line(label, text, style);
}
