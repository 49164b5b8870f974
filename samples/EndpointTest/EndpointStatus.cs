namespace VfioSharp.Samples;

/// <summary>What STATUS tells of the last command.</summary>
[Flags]
internal enum EndpointStatus
{
    None = 0,
    ReadSuccess = 1 << 0,
    ReadFail = 1 << 1,
    WriteSuccess = 1 << 2,
    WriteFail = 1 << 3,
    CopySuccess = 1 << 4,
    CopyFail = 1 << 5,
    InterruptRaised = 1 << 6,
    SourceInvalid = 1 << 7,
    DestinationInvalid = 1 << 8,
    EnableDoorbellFail = 1 << 11,
    DisableDoorbellFail = 1 << 13,
    SetUpSubrangesFail = 1 << 15,
    ClearSubrangesFail = 1 << 17,
}
