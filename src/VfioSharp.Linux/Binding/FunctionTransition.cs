using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Binding;

/// <summary>One function's way from a driver to another, and what to go back to.</summary>
/// <param name="Address">The function.</param>
/// <param name="Former">Its driver and override before the first step.</param>
/// <param name="Target">The driver it shall have; null leaves the choice to the kernel, which may be none.</param>
/// <param name="Steps">The steps, in order.</param>
internal sealed record FunctionTransition(PciAddress Address, BindingRecord Former, string? Target, ImmutableArray<BindingStep> Steps);
