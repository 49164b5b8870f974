namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>An interrupt as a processor takes it: what a message becomes when it is delivered.</summary>
/// <param name="Processor">
/// Who takes it: on x86 an APIC ID, on Power a server, on RISC-V an interrupt file, elsewhere 0, where the interrupt controller chooses.
/// </param>
/// <param name="Vector">
/// Which one: on x86 a vector, on Arm an INTID, on Power a source number, on s390x a bit of an adapter interrupt bit vector, on RISC-V an interrupt identity.
/// </param>
public readonly record struct HostInterrupt(uint Processor, uint Vector)
{
    /// <summary>Both parts, as <c>processor:vector</c>.</summary>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Processor}:{Vector}");
}
