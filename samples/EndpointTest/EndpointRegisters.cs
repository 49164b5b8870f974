namespace VfioSharp.Samples;

/// <summary>What the registers hold.</summary>
internal sealed class EndpointRegisters
{
    /// <summary>In bytes.</summary>
    public const ulong Length = ((ulong)EndpointRegister.DoorbellData + 1) * sizeof(uint);

    private const EndpointCapabilities Capabilities =
        EndpointCapabilities.UnalignedAccess | EndpointCapabilities.Msi | EndpointCapabilities.Msix | EndpointCapabilities.Intx;

    private const uint NoBar = uint.MaxValue;

    private readonly uint[] words = new uint[Length / sizeof(uint)];

    public EndpointRegisters() => Reset();

    public uint this[EndpointRegister register]
    {
        get => words[(int)register];
        set => words[(int)register] = value;
    }

    /// <summary>The address that a register and the next hold.</summary>
    public ulong Address(EndpointRegister low) => this[low] | ((ulong)this[low + 1] << 32);

    /// <summary>Writes down what they hold.</summary>
    public void Save(BinaryWriter state)
    {
        foreach (uint word in words)
        {
            state.Write(word);
        }
    }

    /// <summary>Takes over what others held, but for what never changes.</summary>
    public void Restore(ReadOnlySpan<uint> held)
    {
        held.CopyTo(words);
        this[EndpointRegister.Capabilities] = (uint)Capabilities;
    }

    /// <summary>Brings back the defaults.</summary>
    public void Reset()
    {
        words.AsSpan().Clear();
        this[EndpointRegister.Capabilities] = (uint)Capabilities;
        this[EndpointRegister.DoorbellBar] = NoBar;
    }
}
