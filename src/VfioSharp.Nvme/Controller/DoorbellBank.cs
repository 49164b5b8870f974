using VfioSharp.Devices.Emulation;

namespace VfioSharp.Nvme.Controller;

/// <summary>Where a controller reads doorbells: memory of its BAR, what was written to registers, or buffers that the driver gave (NVM Express Base 2.0, 5.8).</summary>
internal sealed class DoorbellBank
{
    private const int BellLength = 4;

    private readonly BarMemory? mapped;
    private readonly uint[] trapped;

    /// <param name="mapped">The doorbells where they are memory.</param>
    /// <param name="queues">How many queues there can be, that of admin among them.</param>
    public DoorbellBank(BarMemory? mapped, int queues)
    {
        this.mapped = mapped;
        trapped = new uint[2 * queues];
    }

    /// <summary>The driver's buffers; null until it gives any. Not used by the admin queue: Linux does not update it there.</summary>
    public ShadowDoorbells? Shadow { get; set; }

    /// <summary>A doorbell was written, and that came as a message. Any thread.</summary>
    /// <param name="offset">From the first doorbell, in bytes.</param>
    /// <param name="value">What was written.</param>
    /// <returns>False where there is no such doorbell.</returns>
    public bool TryRing(ulong offset, uint value)
    {
        if (mapped is not null || offset >= (ulong)trapped.Length * BellLength || offset % BellLength != 0)
        {
            return false;
        }

        Volatile.Write(ref trapped[offset / BellLength], value);
        return true;
    }

    /// <summary>The tail of a submission queue, as the driver says; it may be anything.</summary>
    public uint Tail(int queue) => Read(2 * queue);

    /// <summary>The head of a completion queue, as the driver says; it may be anything.</summary>
    public uint Head(int queue) => Read((2 * queue) + 1);

    /// <summary>A submission queue starts anew.</summary>
    public void ClearTail(int queue) => Clear(2 * queue);

    /// <summary>A completion queue starts anew.</summary>
    public void ClearHead(int queue) => Clear((2 * queue) + 1);

    /// <summary>All queues start anew, and the driver's buffers are forgotten.</summary>
    public void Reset()
    {
        Shadow?.Release();
        Shadow = null;
        for (int bell = 0; bell < trapped.Length; bell++)
        {
            Clear(bell);
        }
    }

    private uint Read(int bell)
    {
        if (Shadow is { } shadow && bell >= 2)
        {
            return shadow.Read(bell);
        }

        return mapped is not null ? mapped.Read32((ulong)bell * BellLength) : Volatile.Read(ref trapped[bell]);
    }

    private void Clear(int bell)
    {
        mapped?.Write32((ulong)bell * BellLength, 0);
        Volatile.Write(ref trapped[bell], 0);
        if (bell >= 2)
        {
            Shadow?.Clear(bell);
        }
    }
}
