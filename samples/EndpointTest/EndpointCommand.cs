namespace VfioSharp.Samples;

/// <summary>What COMMAND asks for, one at a time.</summary>
internal enum EndpointCommand
{
    None = 0,
    RaiseIntx = 1 << 0,
    RaiseMsi = 1 << 1,
    RaiseMsix = 1 << 2,
    Read = 1 << 3,
    Write = 1 << 4,
    Copy = 1 << 5,
    EnableDoorbell = 1 << 6,
    DisableDoorbell = 1 << 7,
    SetUpSubranges = 1 << 8,
    ClearSubranges = 1 << 9,
}
