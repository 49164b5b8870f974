namespace VfioSharp.Devices.Interop;

/// <summary>
/// Capabilities that the project asks for, and the version of the structures that it asks with
/// (<c>include/uapi/linux/capability.h</c>).
/// </summary>
internal static class CapabilityNumbers
{
    public const uint _LINUX_CAPABILITY_VERSION_3 = 0x20080522;
    public const int _LINUX_CAPABILITY_U32S_3 = 2;
    public const int CAP_SYS_ADMIN = 21;
}
