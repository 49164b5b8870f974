namespace VfioSharp.Pci.Configuration;

/// <summary>Something odd about what a function reports of itself. Never a reason to stop reading.</summary>
/// <param name="Offset">The offset in configuration space that the oddity is about.</param>
/// <param name="Text">What is odd, as a sentence without its full stop.</param>
public readonly record struct ConfigurationFinding(int Offset, string Text);
