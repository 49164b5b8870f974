namespace VfioSharp.Samples;

/// <summary>What CAPS says that the function can do. Linux 6.12 does not ask; 7.3 does.</summary>
[Flags]
internal enum EndpointCapabilities
{
    None = 0,
    UnalignedAccess = 1 << 0,
    Msi = 1 << 1,
    Msix = 1 << 2,
    Intx = 1 << 3,
}
