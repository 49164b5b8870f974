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

    /// <summary>Brings back the defaults.</summary>
    public void Reset()
    {
        words.AsSpan().Clear();
        this[EndpointRegister.Capabilities] = (uint)Capabilities;
        this[EndpointRegister.DoorbellBar] = NoBar;
    }
}
