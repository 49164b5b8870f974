namespace VfioSharp.Samples;

/// <summary>How IRQ_TYPE asks to be told that a command is done.</summary>
internal enum EndpointInterrupt : uint
{
    Intx = 0,
    Msi = 1,
    Msix = 2,
}
