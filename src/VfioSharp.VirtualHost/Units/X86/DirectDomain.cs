using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.X86;

/// <summary>The host's side where nothing is remapped: a message is the processor and the vector themselves.</summary>
/// <param name="unit">What the messages pass.</param>
/// <param name="vectors">The host's vectors.</param>
internal sealed class DirectDomain(IsolationUnit unit, X86Vectors vectors) : MsiDomain
{
    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    public override PciBusFlags RootBusFlags => PciBusFlags.None;

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count) => vectors.Take(count) is { } first
        ? new MessageBlock(
            source, X86Message.AddressOf(first.Processor), first.Vector,
            [.. Enumerable.Range(0, count).Select(i => first with { Vector = first.Vector + (uint)i })], Entry: -1)
        : null;

    /// <inheritdoc/>
    public override void Free(MessageBlock block) => vectors.Return(block.Interrupts[0], block.Interrupts.Length);
}
