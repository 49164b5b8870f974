using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.S390;

/// <summary>The host's side of adapter interruptions, as Linux has it (arch/s390/pci/pci_irq.c): a vector a function, registered with firmware.</summary>
/// <remarks>
/// Linux registers as many bits as a function's driver asked for. Here a function asks bit by bit, and messages may come meanwhile, so the first time
/// registers them all. Firmware keeps what is registered to itself: there is no table to corrupt.
/// </remarks>
/// <param name="unit">The firmware.</param>
/// <param name="vectors">The host's memory for the bits.</param>
internal sealed class S390Domain(S390Unit unit, AdapterVectors vectors) : MsiDomain
{
    private const int PciSubclass = 2; // PCI_ISC in asm/isc.h

    private readonly Dictionary<RequesterId, FunctionBits> functions = [];

    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    /// <remarks>The architecture has no function without a vector of its own; the kernel's <c>arch_is_isolated_msi()</c> is true.</remarks>
    public override PciBusFlags RootBusFlags => PciBusFlags.MsiIsolated;

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count)
    {
        if (FunctionOf(source.SeenAs) is not { } function)
        {
            return null;
        }

        int first = function.Bits.Take(count);
        if (first < 0)
        {
            Drop(source.SeenAs, function);
            return null;
        }

        function.Blocks++;
        int bit = (function.Vector * AdapterVectors.BitsOfVector) + first;
        return new MessageBlock(
            source, unit.MessageAddress, (uint)first, [.. Enumerable.Range(bit, count).Select(number => new HostInterrupt(0, (uint)number))], first);
    }

    /// <inheritdoc/>
    public override void Free(MessageBlock block)
    {
        FunctionBits function = functions[block.Source.SeenAs];
        function.Bits.Return(block.Entry, block.Interrupts.Length);
        function.Blocks--;
        Drop(block.Source.SeenAs, function);
    }

    /// <inheritdoc/>
    public override IEnumerable<InterruptMessage> Forge(MessageBlock victim)
    {
        for (int i = 0; i < victim.Interrupts.Length; i++)
        {
            // The message itself; the bit's number among all; and a number whose upper bits are of no meaning to QEMU.
            yield return new(victim.Address, victim.Data + (uint)i);
            yield return new(victim.Address, victim.Interrupts[i].Vector);
            yield return new(victim.Address, AdapterVectors.BitsOfVector | (victim.Data + (uint)i));
        }
    }

    private FunctionBits? FunctionOf(RequesterId id)
    {
        if (!functions.TryGetValue(id, out FunctionBits? function) && vectors.Take() is var vector and >= 0)
        {
            function = new FunctionBits(vector);
            functions.Add(id, function);
            unit.Register(id, vectors.Describe(vector, PciSubclass, AdapterVectors.BitsOfVector));
        }

        return function;
    }

    private void Drop(RequesterId id, FunctionBits function)
    {
        if (function.Blocks == 0)
        {
            unit.Deregister(id);
            functions.Remove(id);
            vectors.Return(function.Vector);
        }
    }
}
