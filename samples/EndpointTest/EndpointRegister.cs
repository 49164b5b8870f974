namespace VfioSharp.Samples;

/// <summary>The registers of BAR 0, 32 bits each, in their order: each value is an offset in words.</summary>
internal enum EndpointRegister
{
    Magic,
    Command,
    Status,
    SourceLow,
    SourceHigh,
    DestinationLow,
    DestinationHigh,
    Size,
    Checksum,
    InterruptType,
    InterruptNumber,
    Flags,
    Capabilities,
    DoorbellBar,
    DoorbellOffset,
    DoorbellData,
}
