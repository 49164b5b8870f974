using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Nvme.Controller;

/// <summary>
/// The two buffers of Doorbell Buffer Config (NVM Express Base 2.0, 5.8 and B.5): the driver writes its doorbells to one, and rings only where it passes
/// the index that the controller writes to the other.
/// </summary>
/// <param name="memory">The driver's memory.</param>
/// <param name="shadow">Where the doorbells are.</param>
/// <param name="events">Where the event indices are.</param>
/// <param name="length">Of each in bytes.</param>
internal sealed class ShadowDoorbells(SystemMemory memory, Iova shadow, Iova events, int length)
{
    private const int BellLength = 4;

    private readonly GuestBlock bells = new(memory, shadow, length, DmaAccess.ReadWrite);
    private readonly GuestBlock indices = new(memory, events, length, DmaAccess.ReadWrite);

    /// <summary>Whether both buffers are there.</summary>
    public bool IsReachable => bells.TryRead32(0, out uint value) && bells.TryWrite32(0, value) && indices.TryRead32(0, out value) && indices.TryWrite32(0, value);

    /// <summary>A doorbell's value; one that no queue has where it cannot be read.</summary>
    public uint Read(int bell) => bells.TryRead32(bell * BellLength, out uint value) ? value : uint.MaxValue;

    /// <summary>Says what is to be passed for the driver to ring. Where it cannot be said the driver rings too often, or is heard by polling.</summary>
    public void SetEvent(int bell, uint index) => indices.TryWrite32(bell * BellLength, index);

    /// <summary>A queue goes on from a value.</summary>
    public void Set(int bell, uint value)
    {
        bells.TryWrite32(bell * BellLength, value);
        indices.TryWrite32(bell * BellLength, value);
    }

    /// <summary>A queue starts anew.</summary>
    public void Clear(int bell) => Set(bell, 0);

    /// <summary>Lets go of the memory until it is used again.</summary>
    public void Release()
    {
        bells.Release();
        indices.Release();
    }
}
