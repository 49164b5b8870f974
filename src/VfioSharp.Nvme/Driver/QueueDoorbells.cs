using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Nvme.Driver;

/// <summary>The two doorbells of a pair of queues.</summary>
/// <param name="registers">Of BAR 0.</param>
/// <param name="tail">The offset of the submission queue's.</param>
/// <param name="head">The offset of the completion queue's.</param>
internal sealed class QueueDoorbells(Registers registers, ulong tail, ulong head)
{
    private uint shadowTail;
    private uint shadowHead;

    /// <summary>Where doorbells are written first; null where there is none. Its controller forgets about it with a reset.</summary>
    public ShadowDoorbells? Shadow { get; set; }

    /// <summary>After a reset of the controller: both are 0.</summary>
    public void Restart() => shadowTail = shadowHead = 0;

    /// <summary>Tells the controller of new entries; what was written to them before is there when it looks.</summary>
    public void RingTail(uint value)
    {
        if (Shadow is { } shadow)
        {
            uint before = shadowTail;
            shadowTail = value;
            if (!shadow.Update(tail, before, value))
            {
                return;
            }
        }

        DmaBarrier.BeforeDoorbell();
        registers.Write32(tail, value);
    }

    /// <summary>Tells the controller of entries that were taken; what was read from them was read before.</summary>
    public void RingHead(uint value)
    {
        if (Shadow is { } shadow)
        {
            uint before = shadowHead;
            shadowHead = value;
            if (!shadow.Update(head, before, value))
            {
                return;
            }
        }

        DmaBarrier.BeforeDoorbell();
        registers.Write32(head, value);
    }

    /// <summary>Writes the register, whatever the controller asked for: it may have missed the last time.</summary>
    public void RingTailAgain(uint value)
    {
        DmaBarrier.BeforeDoorbell();
        registers.Write32(tail, value);
    }
}
