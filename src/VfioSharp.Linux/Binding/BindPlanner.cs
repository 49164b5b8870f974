using System.Collections.Immutable;
using VfioSharp.Linux.Binding.Use;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>Decides from evidence how a function gets to vfio-pci, and whether it should.</summary>
internal sealed class BindPlanner(BindingEvidence evidence, BindOptions options)
{
    private readonly ImmutableArray<BindingRefusal>.Builder refusals = ImmutableArray.CreateBuilder<BindingRefusal>();
    private readonly ImmutableArray<string>.Builder notes = ImmutableArray.CreateBuilder<string>();
    private readonly ImmutableArray<FunctionTransition>.Builder transitions = ImmutableArray.CreateBuilder<FunctionTransition>();

    public static BindingPlan Plan(BindingEvidence evidence, PciAddress address, BindOptions options) => new BindPlanner(evidence, options).Plan(address);

    private BindingPlan Plan(PciAddress address)
    {
        if (evidence.Find(address) is not { } function)
        {
            return new BindingPlan(address) { Refusals = [new BindingRefusal($"{address}: the host has no such function", false)] };
        }

        Assignability assignability = evidence.AssignabilityOf(function);
        if (!BindingEvidence.IsVfioPci(function.Driver))
        {
            if (!assignability.IsAssignable && assignability.Blockers.IsEmpty && !(function.IommuGroup is null && evidence.AllowsNoIommu))
            {
                Refuse(address, $"{assignability.Explanation}{(function.IommuGroup is null ? "; 'vfio audit' says what the host's IOMMU lacks" : "")}");
            }

            Take(function);
        }

        AddGroup(address, assignability);
        bool needsModule = transitions.Count > 0 && !evidence.HasVfioPci;
        if (needsModule && !options.LoadModule)
        {
            Refuse(address, $"the kernel has no {BindingEvidence.VfioPci}: modprobe {BindingEvidence.VfioPci}");
        }

        return new BindingPlan(address)
        {
            Refusals = refusals.ToImmutable(),
            Notes = notes.ToImmutable(),
            Preparations = needsModule ? [BindingStep.LoadModule(BindingEvidence.VfioPci)] : [],
            Transitions = transitions.ToImmutable(),
            Explanation = transitions.Count > 0 ? "" : $"{address}: already bound to {function.Driver}",
        };
    }

    private void AddGroup(PciAddress address, Assignability assignability)
    {
        var left = new List<string>();
        foreach (string name in assignability.Blockers)
        {
            FunctionEvidence? companion = PciAddress.TryParse(name, out PciAddress other) ? evidence.Find(other) : null;
            if (companion is null || IsUnfit(companion))
            {
                notes.Add($"{address}: its group also holds {name}, which {BindingEvidence.VfioPci} cannot take: unbind it by hand, or the group cannot be opened");
            }
            else if (options.IncludeGroup)
            {
                Take(companion);
            }
            else
            {
                left.Add($"{name} ({companion.Driver})");
            }
        }

        if (left.Count > 0)
        {
            notes.Add($"{address}: its group also holds {FunctionUses.Enumerate(left)} and cannot be opened as long as it does: vfio bind --group {address}");
        }
    }

    private bool IsUnfit(FunctionEvidence companion) =>
        evidence.AssignabilityOf(companion) is { IsAssignable: false, Blockers.IsEmpty: true };

    private void Take(FunctionEvidence function)
    {
        PciAddress address = function.Address;
        foreach (FunctionUse use in evidence.UsesOf(function))
        {
            if (options.Force)
            {
                notes.Add($"{address}: {use.What}; taken by force");
            }
            else
            {
                refusals.Add(new BindingRefusal($"{address}: {use}", CanBeForced: true));
            }
        }

        // A bind that was cut short left the function without a driver and a record of the one it had. An override that names vfio-pci already
        // is put back where the bind fails, but not by unbind: no other driver could have the function then.
        string? standing = evidence.OverrideOf(address);
        BindingRecord? cutShort = function.Driver is null ? evidence.RecordOf(function) : null;
        BindingRecord former = cutShort ?? new BindingRecord(function.VendorId, function.DeviceId, function.Driver, standing);
        var steps = new List<BindingStep> { BindingStep.Remember(address, former.Override == BindingEvidence.VfioPci ? former with { Override = null } : former) };
        if (standing != BindingEvidence.VfioPci)
        {
            steps.Add(BindingStep.Override(address, BindingEvidence.VfioPci));
        }

        if (function.Driver is { } driver)
        {
            steps.Add(BindingStep.Release(address, driver));
        }

        steps.Add(BindingStep.Attach(address, BindingEvidence.VfioPci));
        transitions.Add(new FunctionTransition(address, former, BindingEvidence.VfioPci, [.. steps]));
    }

    private void Refuse(PciAddress address, string reason) => refusals.Add(new BindingRefusal($"{address}: {reason}", CanBeForced: false));
}
