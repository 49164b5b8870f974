namespace VfioSharp.Lab.Tests.Machines;

/// <summary>What a guest's processor is, as .NET names it.</summary>
public enum GuestArchitecture
{
    X64,
    Arm64,
}
