using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>What is proposed, and agreed on (<c>VFIO_USER_VERSION</c>): the capabilities follow as JSON, ended by a NUL; or nothing does.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VersionHeader
{
    public ushort Major;
    public ushort Minor;
}
