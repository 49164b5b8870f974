namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>An entry of the collection table: which processor takes a collection's interrupts. Its layout is ours, as <see cref="ItsDeviceEntry"/>'s.</summary>
/// <param name="Word">Bit 63: valid; bits 15:0: the processor's number (RDbase, with GITS_TYPER.PTA 0).</param>
internal readonly record struct ItsCollectionEntry(ulong Word)
{
    public const int Length = sizeof(ulong);

    private const ulong Valid = 1UL << 63;

    public bool IsValid => (Word & Valid) != 0;

    public static ItsCollectionEntry To(int processor) => new(Valid | (ushort)processor);
}
