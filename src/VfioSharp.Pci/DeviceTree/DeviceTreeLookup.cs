namespace VfioSharp.Pci.DeviceTree;

/// <summary>The answer of the device tree to where a function's requests go.</summary>
/// <param name="Outcome">What kind of answer it is.</param>
/// <param name="Nodes">
/// The nodes that the requests go to; empty unless <paramref name="Outcome"/> is <see cref="DeviceTreeLookupOutcome.Found"/>. A map names
/// one. <c>msi-parent</c> may name several, of which Linux takes the first that a driver serves: which one that is the tree does not tell.
/// </param>
/// <param name="OutputId">The ID that the requests carry there (an ITS calls it DeviceID, an SMMU StreamID), or null unless found.</param>
/// <param name="Finding">A sentence about what is wrong or unknown, or null.</param>
internal sealed record DeviceTreeLookup(
    DeviceTreeLookupOutcome Outcome, IReadOnlyList<DeviceTreeNode> Nodes, uint? OutputId, string? Finding)
{
    /// <summary>The tree names no node.</summary>
    public static DeviceTreeLookup NotMapped { get; } = new(DeviceTreeLookupOutcome.NotMapped, [], null, null);

    /// <summary>The first of <see cref="Nodes"/>, or null.</summary>
    public DeviceTreeNode? Node => Nodes.Count > 0 ? Nodes[0] : null;

    /// <summary>The tree names these nodes.</summary>
    public static DeviceTreeLookup Found(IReadOnlyList<DeviceTreeNode> nodes, uint outputId) =>
        new(DeviceTreeLookupOutcome.Found, nodes, outputId, null);

    /// <summary>The evidence does not tell.</summary>
    public static DeviceTreeLookup Unknown(string finding) => new(DeviceTreeLookupOutcome.Unknown, [], null, finding);

    /// <summary>The property makes no sense.</summary>
    public static DeviceTreeLookup Malformed(string finding) => new(DeviceTreeLookupOutcome.Malformed, [], null, finding);
}
