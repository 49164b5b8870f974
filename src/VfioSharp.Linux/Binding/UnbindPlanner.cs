using System.Collections.Immutable;
using VfioSharp.Linux.Binding.Use;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>Decides from evidence how a function gets from vfio-pci back to the driver it had; also picks up what a bind cut short has left.</summary>
internal static class UnbindPlanner
{
    public static BindingPlan Plan(BindingEvidence evidence, PciAddress address, UnbindOptions options)
    {
        if (evidence.Find(address) is not { } function)
        {
            return new BindingPlan(address) { Refusals = [new BindingRefusal($"{address}: the host has no such function", false)] };
        }

        bool isBound = function.Driver == BindingEvidence.VfioPci;
        var notes = new List<string>();
        var refusals = new List<BindingRefusal>();
        foreach ((string reason, string forced) in isBound ? ReasonsAgainst(evidence, function) : [])
        {
            if (options.Force)
            {
                notes.Add(forced);
            }
            else
            {
                refusals.Add(new BindingRefusal(reason, CanBeForced: true));
            }
        }

        BindingRecord? record = evidence.RecordOf(function);
        string? driver = record?.Driver is { } former && evidence.HasDriver(former) ? former : null;
        ImmutableArray<BindingStep> steps = [.. StepsOf(evidence, function, record, driver)];
        if (steps.Length > 0 && record?.Driver is { } gone && driver is null)
        {
            notes.Add($"{address}: its former driver {gone} is no longer loaded (modprobe {gone}): the kernel chooses among those that are");
        }

        return new BindingPlan(address)
        {
            Refusals = [.. refusals],
            Notes = [.. notes],
            Transitions = steps.IsEmpty ? []
                : [new FunctionTransition(address, new BindingRecord(function.VendorId, function.DeviceId, function.Driver, evidence.OverrideOf(address)), driver, steps)],
            Explanation = !steps.IsEmpty ? "" : $"{address}: not bound to {BindingEvidence.VfioPci}{(function.Driver is null ? " or any other driver" : $" but to {function.Driver}")}",
        };
    }

    private static IEnumerable<BindingStep> StepsOf(BindingEvidence evidence, FunctionEvidence function, BindingRecord? record, string? driver)
    {
        PciAddress address = function.Address;
        bool isBound = function.Driver == BindingEvidence.VfioPci;
        bool isOverridden = evidence.OverrideOf(address) == BindingEvidence.VfioPci;
        if (isOverridden)
        {
            yield return BindingStep.Override(address, record?.Override);
        }

        if (isBound)
        {
            yield return BindingStep.Release(address, BindingEvidence.VfioPci);
        }

        // A function that had no driver gets none; of one that nobody remembers the kernel decides.
        if (isBound || (function.Driver is null && (isOverridden || record is not null)))
        {
            if (driver is not null)
            {
                yield return BindingStep.Attach(address, driver);
            }
            else if (record is null or { Driver: not null })
            {
                yield return BindingStep.Probe(address);
            }
        }

        if (evidence.HasRecordFile(address))
        {
            yield return BindingStep.Forget(address);
        }
    }

    private static IEnumerable<(string Reason, string Forced)> ReasonsAgainst(BindingEvidence evidence, FunctionEvidence function)
    {
        string[] holders = [.. evidence.HoldersOf(function).Select(holder => holder.ToString())];
        if (holders.Length > 0)
        {
            string who = $"{function.Address}: open in {FunctionUses.Enumerate(holders)}";
            yield return ($"{who}: end it first, as the kernel waits until it has let go", $"{who}; unbound by force, which waits until it has let go");
        }

        foreach (FunctionUse use in evidence.UsesOf(function))
        {
            yield return ($"{function.Address}: {use}", $"{function.Address}: {use.What}; unbound by force");
        }
    }
}
