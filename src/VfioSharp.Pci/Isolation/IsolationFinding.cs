namespace VfioSharp.Pci.Isolation;

/// <summary>One piece of evidence, or one thing worth saying about the evidence.</summary>
/// <param name="Source">Where it was read, as a path without the leading slash (<c>proc/interrupts</c>), or the name of a derivation (<c>bus flag</c>).</param>
/// <param name="Text">What it says, as a sentence for the operator.</param>
public readonly record struct IsolationFinding(string Source, string Text);
