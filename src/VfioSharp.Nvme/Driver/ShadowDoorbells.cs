using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>
/// Doorbells in memory, which the controller looks at while it is busy, and beside each the value at which it wants the register written (NVM Express
/// Base 2.0, 5.8 and annex B.5).
/// </summary>
internal sealed class ShadowDoorbells : IDisposable
{
    private readonly DmaBuffer values;
    private readonly DmaBuffer events;

    /// <exception cref="Devices.PciException">There is no memory.</exception>
    public ShadowDoorbells(DmaSpace dma, int pageSize)
    {
        Length = pageSize;
        values = dma.Allocate(pageSize, new DmaOptions { Alignment = (ulong)pageSize });
        try
        {
            events = dma.Allocate(pageSize, new DmaOptions { Alignment = (ulong)pageSize });
        }
        catch
        {
            values.Dispose();
            throw;
        }
    }

    /// <summary>Each of the two in bytes: a memory page.</summary>
    public int Length { get; }

    public Iova Values => values.Iova;

    public Iova Events => events.Iova;

    /// <summary>Whether it has room for the doorbell at that offset of BAR 0.</summary>
    public bool Holds(ulong doorbell) => doorbell - ControllerRegister.Doorbells + sizeof(uint) <= (ulong)Length;

    /// <summary>As after a reset.</summary>
    public void Clear()
    {
        values.Span.Clear();
        events.Span.Clear();
    }

    /// <summary>Writes a doorbell.</summary>
    /// <returns>Whether the register is to be written too. What the controller asks for can be nonsense: a time-out comes then, no more.</returns>
    public bool Update(ulong doorbell, uint before, uint value)
    {
        int index = (int)((doorbell - ControllerRegister.Doorbells) / sizeof(uint));

        // The entries before the doorbell, and the doorbell before the look at what is asked for: the controller does the reverse.
        Volatile.Write(ref values.Ref<uint>(index), value);
        Interlocked.MemoryBarrier();
        ushort wanted = (ushort)Volatile.Read(ref events.Ref<uint>(index));
        return (ushort)(value - wanted - 1) < (ushort)(value - before);
    }

    public void Dispose()
    {
        values.Dispose();
        events.Dispose();
    }
}
