using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.S390;

/// <summary>What the host keeps of a function's vector.</summary>
/// <param name="vector">Which one it is.</param>
internal sealed class FunctionBits(int vector)
{
    public int Vector => vector;

    /// <summary>Its bits.</summary>
    public NumberSpace Bits { get; } = new(0, AdapterVectors.BitsOfVector);

    /// <summary>How many blocks of messages the function has.</summary>
    public int Blocks { get; set; }
}
