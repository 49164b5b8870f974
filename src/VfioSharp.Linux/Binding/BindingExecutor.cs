using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Binding;

/// <summary>Carries out plans, and goes back to what was there before where a step fails.</summary>
internal sealed class BindingExecutor(IBindingHost host)
{
    private readonly List<string> troubles = [];

    /// <summary>Binds all the functions of a plan, or none.</summary>
    public BindOutcome Bind(BindingPlan plan)
    {
        foreach (BindingStep step in plan.Preparations)
        {
            if (host.Perform(step) is { } fault)
            {
                return Failed(plan, $"{plan.Address}: {fault.Explain(step)}");
            }
        }

        var begun = new Stack<FunctionTransition>();
        foreach (FunctionTransition transition in plan.Transitions)
        {
            begun.Push(transition);
            if (Advance(transition) is { } problem)
            {
                while (begun.TryPop(out FunctionTransition? undone))
                {
                    Restore(undone);
                }

                return Failed(plan, $"{transition.Address}: {problem}");
            }
        }

        return Ended(plan);
    }

    /// <summary>Gives functions back.</summary>
    public BindOutcome Unbind(BindingPlan plan)
    {
        foreach (FunctionTransition transition in plan.Transitions)
        {
            if (Advance(transition) is { } problem)
            {
                // Still on vfio-pci: as before, then. Once released it is where its user wanted it, with a driver that refuses it or with none.
                if (host.DriverOf(transition.Address) == BindingEvidence.VfioPci)
                {
                    ReturnTo(transition.Address, transition.Former);
                    return Failed(plan, $"{transition.Address}: {problem}; it is still bound to {BindingEvidence.VfioPci}");
                }

                return Failed(plan, $"{transition.Address}: {problem}; it has been released and is {Describe(transition.Address)}");
            }

            if (host.DriverOf(transition.Address) == BindingEvidence.VfioPci)
            {
                return Failed(plan, $"{transition.Address}: the kernel chose {BindingEvidence.VfioPci} again, which has been told to take such functions (its parameter ids)");
            }
        }

        return Ended(plan);
    }

    private string Describe(PciAddress address) => host.DriverOf(address) is { } driver ? $"bound to {driver}" : "without a driver";

    // Tells the steps that failed from those whose purpose was reached all the same: somebody else may have been quicker.
    private string? Advance(FunctionTransition transition)
    {
        PciAddress address = transition.Address;
        foreach (BindingStep step in transition.Steps)
        {
            BindingFault? fault = host.Perform(step);
            bool attaches = transition.Target is { } target && step == BindingStep.Attach(address, target);
            if (attaches && host.DriverOf(address) == transition.Target)
            {
                continue;
            }

            if (fault is { } known)
            {
                if (attaches && transition.Target != BindingEvidence.VfioPci && host.Perform(BindingStep.Probe(address)) is null && host.DriverOf(address) is not null)
                {
                    continue;
                }

                return known.Explain(step);
            }

            if (attaches)
            {
                return $"/{step.Target} took it and yet it is {Describe(address)}; the kernel's log may tell why";
            }
        }

        return null;
    }

    // From wherever a bind got to.
    private void Restore(FunctionTransition transition)
    {
        int before = troubles.Count;
        ReturnTo(transition.Address, transition.Former);
        if (troubles.Count == before)
        {
            Try(transition.Address, BindingStep.Forget(transition.Address));
        }
    }

    private void ReturnTo(PciAddress address, BindingRecord former)
    {
        // Under an override that names another no driver matches, so the former one stands aside until its driver is back.
        bool isAway = host.DriverOf(address) != former.Driver;
        SetOverride(address, isAway && former.Override != former.Driver ? null : former.Override);
        if (isAway)
        {
            GiveBack(address, former.Driver);
        }

        SetOverride(address, former.Override);
    }

    private void SetOverride(PciAddress address, string? driver)
    {
        if (host.OverrideOf(address) != driver)
        {
            Try(address, BindingStep.Override(address, driver));
        }
    }

    private void GiveBack(PciAddress address, string? driver)
    {
        if (host.DriverOf(address) == BindingEvidence.VfioPci)
        {
            Try(address, BindingStep.Release(address, BindingEvidence.VfioPci));
        }

        if (driver is null || host.DriverOf(address) is not null)
        {
            return;
        }

        host.Perform(BindingStep.Attach(address, driver));
        if (host.DriverOf(address) is null)
        {
            host.Perform(BindingStep.Probe(address));
        }

        if (host.DriverOf(address) is null)
        {
            troubles.Add($"{address} could not be given back to {driver} and has no driver: vfio unbind {address} tries again");
        }
    }

    private void Try(PciAddress address, BindingStep step)
    {
        if (host.Perform(step) is { } fault)
        {
            troubles.Add($"{address} could not be restored whole: {fault.Explain(step)}");
        }
    }

    private BindOutcome Ended(BindingPlan plan) =>
        new(plan.Address, BindingStatus.Done, string.Join("; ", plan.Transitions.Select(transition =>
            $"{transition.Address}: {Describe(transition.Address)}{Was(transition.Former.Driver)}")), plan.Notes);

    private static string Was(string? driver) => driver is null ? "" : $" (was {driver})";

    private BindOutcome Failed(BindingPlan plan, string problem)
    {
        bool isBack = troubles.Count == 0 && plan.Transitions.Any(transition => transition.Target == BindingEvidence.VfioPci);
        ImmutableArray<string> all = [problem, .. troubles];
        return new(plan.Address, BindingStatus.Failed, string.Join("; ", all) + (isBack ? "; all is as it was before" : ""), plan.Notes);
    }
}
