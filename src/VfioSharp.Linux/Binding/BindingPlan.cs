using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Binding;

/// <summary>What a bind or an unbind would do, made from evidence alone: nothing has been touched.</summary>
public sealed class BindingPlan
{
    internal BindingPlan(PciAddress address) => Address = address;

    /// <summary>The function it is about.</summary>
    public PciAddress Address { get; }

    /// <summary>What speaks against it; what was passed over by force is not among them.</summary>
    public ImmutableArray<BindingRefusal> Refusals { get; internal init; } = [];

    /// <summary>What its user should know, as sentences: what was passed over by force, who else is in the group, what to do next.</summary>
    public ImmutableArray<string> Notes { get; internal init; } = [];

    /// <summary>The changes in their order; empty where there is nothing to do.</summary>
    public ImmutableArray<BindingStep> Steps => [.. Preparations, .. Transitions.SelectMany(transition => transition.Steps)];

    /// <summary>Why there are no steps; empty where there are some.</summary>
    public string Explanation { get; internal init; } = "";

    /// <summary>Whether the plan must not be carried out.</summary>
    public bool IsRefused => !Refusals.IsEmpty;

    /// <summary>What is done before any function is touched, and is not undone.</summary>
    internal ImmutableArray<BindingStep> Preparations { get; init; } = [];

    internal ImmutableArray<FunctionTransition> Transitions { get; init; } = [];
}
