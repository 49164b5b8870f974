namespace VfioSharp.Devices.Regions;

/// <summary>One capability behind a description that VFIO or a vfio-user server gives.</summary>
/// <param name="Id">What it is; the numbers depend on what is described (<see cref="Interop.Vfio.VfioCapabilities"/>).</param>
/// <param name="Offset">Where its header stands, from the description's start.</param>
/// <param name="Limit">Where it must have ended: at the next capability's header, or at the end of what was given.</param>
internal readonly record struct InfoCapability(ushort Id, int Offset, int Limit)
{
    /// <summary>Its bytes, header included, and maybe more behind them: it does not tell its length.</summary>
    public ReadOnlySpan<byte> In(ReadOnlySpan<byte> info) => info[Offset..Limit];
}
