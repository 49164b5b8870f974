using System.Text;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Tests.Shared;

/// <summary>All that an audit says, as text, so that two audits can be compared.</summary>
internal static class AuditText
{
    /// <summary>The first line in which two audits differ, as one says and the other; empty where they say the same.</summary>
    public static string Difference(HostAudit one, HostAudit other)
    {
        string[] first = Of(one).Split('\n');
        string[] second = Of(other).Split('\n');
        for (int line = 0; line < Math.Max(first.Length, second.Length); line++)
        {
            string? says = first.ElementAtOrDefault(line);
            string? answers = second.ElementAtOrDefault(line);
            if (says != answers)
            {
                return $"{string.Join('\n', first.AsSpan(Math.Max(line - 8, 0), Math.Min(line, 8)))}\n- {says}\n+ {answers}";
            }
        }

        return "";
    }

    private static string Of(HostAudit audit)
    {
        var text = new StringBuilder();
        text.AppendLine($"{audit.Host.Architecture} {audit.Host.KernelRelease} {audit.PageSize} assumed {audit.Host.PageSizeIsAssumed} privileged {audit.Host.Privileged}");
        text.AppendLine($"unreadable {string.Join(' ', audit.Host.Unreadable)}");
        foreach (PciHostBridge bridge in audit.Topology.HostBridges)
        {
            text.AppendLine($"{bridge.Evidence.Path} {bridge.RootBus} {bridge.RootBus.Flags}: {string.Join("; ", bridge.Findings)}");
        }

        foreach (FunctionAudit function in audit.Functions)
        {
            text.AppendLine($"""
                {function.Address} {function.Evidence.VendorId:x4}:{function.Evidence.DeviceId:x4} {function.Evidence.ClassCode:x6} of {function.Evidence.PhysicalFunction}
                 {audit.Host.Names.DeviceName(function.Evidence.VendorId, function.Evidence.DeviceId)}, driver {function.Evidence.Driver}
                 group {function.Evidence.IommuGroup} assignable {function.Assignability.IsAssignable}: {function.Assignability.Explanation}
                 bus {function.Node.Bus} {function.Node.Bus.Flags}, requesters {string.Join(' ', function.Node.RequesterIds)}
                 {function.Isolation.Platform}: {function.Isolation.Verdict}, advertised {function.Isolation.Advertised}, in use {function.Isolation.InUse}
                 kernel accepts {function.Isolation.KernelAccepts}, advice {function.Isolation.Advice}
                 {string.Join("; ", function.Isolation.Findings)}
                 {string.Join("; ", function.Findings)}
                 table {function.Msix?.Table} of {function.Msix?.TableBar}, PBA {function.Msix?.Pba} of {function.Msix?.PbaBar}
                 {function.Table?.Access} {function.Table?.Reason}, mapped {string.Join(' ', function.Table?.Mapped ?? [])}, trapped {string.Join(' ', function.Table?.Trapped ?? [])}
                 {function.Table?.Explain()}
                """);
        }

        return text.ToString();
    }
}
