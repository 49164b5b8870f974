using System.Numerics;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The MSI-X of an emulated function: table, masks and pending bits (PCIe 6.0, 6.1.4 and 7.7.2). Not synchronized: the function's control lock is
/// held by whoever calls.
/// </summary>
/// <remarks>
/// The table lies in memory that a driver may have mapped, so it is read when it matters and nothing of it is remembered. The pending bits are
/// kept here and shown in memory, where nobody can change what is true.
/// </remarks>
internal sealed class MsixModel
{
    private const int DataOffset = 8;
    private const int ControlOffset = 12;
    private const uint MaskBit = 1;

    private readonly InterruptModel interrupts;
    private readonly ConfigurationModel configuration;
    private readonly MsixPlacement placement;
    private readonly BarMemory table;
    private readonly BarMemory pba;
    private readonly ulong[] pending;

    public MsixModel(InterruptModel interrupts, ConfigurationModel configuration, MsixPlacement placement, BarStore tableStore, BarStore pbaStore)
    {
        this.interrupts = interrupts;
        this.configuration = configuration;
        this.placement = placement;
        table = new BarMemory(tableStore, new ByteRange(placement.TableOffset, placement.Capability.TableLength));
        pba = new BarMemory(pbaStore, new ByteRange(placement.PbaOffset, placement.Capability.PbaLength));
        pending = new ulong[pba.Length / sizeof(ulong)];
        Reset();
    }

    public int Count => placement.Vectors;

    public bool IsEnabled => (Control & ConfigurationImage.MsixEnable) != 0;

    private ushort Control => configuration.Read16(configuration.Capabilities.Msix + 2);

    private bool CanSend => (Control & (ConfigurationImage.MsixEnable | ConfigurationImage.MsixFunctionMask)) == ConfigurationImage.MsixEnable;

    /// <summary>Whether a byte of a BAR belongs to the table.</summary>
    public bool IsTable(int bar, ulong offset) => bar == placement.TableBar && offset - table.Range.Offset < table.Length;

    /// <summary>Whether a byte of a BAR belongs to the pending bit array.</summary>
    public bool IsPba(int bar, ulong offset) => bar == placement.PbaBar && offset - pba.Range.Offset < pba.Length;

    public bool IsMasked(int vector) => (table.Read32(Entry(vector) + ControlOffset) & MaskBit) != 0;

    public bool IsPending(int vector) => (pending[vector / 64] & (1UL << (vector % 64))) != 0;

    /// <summary>The function wants to send the message of a vector. Held back, it stays pending.</summary>
    public void Raise(int vector)
    {
        if (!TrySend(vector))
        {
            SetPending(vector, true);
        }
    }

    /// <summary>Sends what is pending and held back no longer.</summary>
    public void Refresh()
    {
        if (!CanSend)
        {
            return;
        }

        for (int word = 0; word < pending.Length; word++)
        {
            for (ulong left = pending[word]; left != 0; left &= left - 1)
            {
                int vector = (word * 64) + BitOperations.TrailingZeroCount(left);
                if (TrySend(vector))
                {
                    SetPending(vector, false);
                }
            }
        }
    }

    /// <summary>Masks or unmasks a vector as the host does.</summary>
    public void SetMask(int vector, bool masked)
    {
        ulong at = Entry(vector) + ControlOffset;
        uint control = table.Read32(at);
        table.Write32(at, masked ? control | MaskBit : control & ~MaskBit);
        Changed(vector, (control & MaskBit) != 0);
    }

    /// <summary>Writes what a vector sends, and where, as the host does.</summary>
    public void SetMessage(int vector, ulong address, uint data)
    {
        table.Write64(Entry(vector), address);
        table.Write32(Entry(vector) + DataOffset, data);
    }

    public ulong ReadTable(ulong offset, int width) => table.Read(offset - table.Range.Offset, width);

    public ulong ReadPba(ulong offset, int width) => pba.Read(offset - pba.Range.Offset, width);

    public void WriteTable(ulong offset, int width, ulong value)
    {
        int vector = (int)((offset - table.Range.Offset) / MsixCapability.EntryLength);
        bool wasMasked = IsMasked(vector);
        table.Write(offset - table.Range.Offset, width, value);
        Changed(vector, wasMasked);
    }

    /// <summary>A bit for each vector whose message is held back, the lowest first.</summary>
    public ReadOnlySpan<ulong> Pending => pending;

    /// <summary>Takes over the pending bits that another function has saved; those of vectors that there are not stay clear.</summary>
    public void RestorePending(ReadOnlySpan<ulong> saved)
    {
        for (int vector = 0; vector < Count; vector++)
        {
            SetPending(vector, (saved[vector / 64] & (1UL << (vector % 64))) != 0);
        }
    }

    /// <summary>All masked, nothing pending.</summary>
    public void Reset()
    {
        for (int vector = 0; vector < Count; vector++)
        {
            table.Write64(Entry(vector), 0);
            table.Write64(Entry(vector) + DataOffset, (ulong)MaskBit << 32);
        }

        for (int word = 0; word < pending.Length; word++)
        {
            pending[word] = 0;
            pba.Write64((ulong)word * sizeof(ulong), 0);
        }
    }

    private static ulong Entry(int vector) => (ulong)vector * MsixCapability.EntryLength;

    // An entry was written: what it held back may go, and who wants to know of its mask is told.
    private void Changed(int vector, bool wasMasked)
    {
        bool masked = IsMasked(vector);
        if (masked != wasMasked)
        {
            interrupts.Host?.Masked(InterruptKind.Msix, vector, masked);
        }

        if (!masked && IsPending(vector) && TrySend(vector))
        {
            SetPending(vector, false);
        }
    }

    private bool TrySend(int vector) => CanSend && !IsMasked(vector)
        && interrupts.Send(InterruptKind.Msix, vector, table.Read64(Entry(vector)), table.Read32(Entry(vector) + DataOffset));

    private void SetPending(int vector, bool value)
    {
        ulong bit = 1UL << (vector % 64);
        ref ulong word = ref pending[vector / 64];
        word = value ? word | bit : word & ~bit;
        pba.Write64((ulong)(vector / 64) * sizeof(ulong), word);
    }
}
