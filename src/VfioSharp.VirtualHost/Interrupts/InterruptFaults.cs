namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>The reasons for blocking a message that are no one platform's.</summary>
internal static class InterruptFaults
{
    /// <summary>A message is an aligned write of four bytes (PCIe 6.0, 6.1.4).</summary>
    public static MessageFault Misshapen { get; } = new("not an aligned write of four bytes");
}
