namespace VfioSharp.Pci.Mapping;

/// <summary>Neighbouring pages of a BAR that hold the same kinds of things and are reached the same way.</summary>
/// <param name="Range">The pages, clipped to the BAR.</param>
/// <param name="Content">What each of them holds.</param>
/// <param name="IsMapped">Whether they are mapped rather than trapped.</param>
public readonly record struct PageRun(ByteRange Range, PageContent Content, bool IsMapped);
