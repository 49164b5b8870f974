namespace VfioSharp.Pci.Msix;

/// <summary>A rule that a layout breaks.</summary>
/// <param name="Rule">The rule.</param>
/// <param name="Text">How it is broken, as a sentence without its full stop that ends in the section of the specification.</param>
public readonly record struct MsixLayoutFault(MsixLayoutRule Rule, string Text);
