using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Emulation;

/// <summary>What one peer has mapped into this process. Guarded by <see cref="PeerMapping"/>.</summary>
/// <param name="gone">Is told, by whoever touches it and more than once, that memory which was there cannot be reached any more, and the error.</param>
internal sealed class PeerShare(Action<Iova, Errno> gone)
{
    /// <summary>Is told where memory cannot be reached any more.</summary>
    public Action<Iova, Errno> Gone => gone;

    /// <summary>How many mappings.</summary>
    public long Mappings { get; set; }

    /// <summary>How many bytes of addresses.</summary>
    public ulong Bytes { get; set; }
}
