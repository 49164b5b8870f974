namespace VfioSharp.Devices.Tests.Loopback;

/// <summary>What a backend can do wrong.</summary>
public enum BackendFault
{
    None,
    WrongVendor,
    StaleRegion,
    DroppedWrites,
    TableShown,
    WrongMapping,
    SwappedVectors,
    IgnoredMask,
    SignalsTwice,
    NeverSignals,
    ForgottenLine,
    WrongAddress,
    ForgottenUnmap,
    NoReset,
    ResetForgetsVectors,
    ResetForgetsMemory,
    DecodingLeftOff,
}
