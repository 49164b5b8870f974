using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Access;

/// <summary>
/// The addresses of this process that stand for a BAR. Reserved whole, so that one sum finds any register; mapped in parts; all ones at the end.
/// </summary>
/// <remarks>
/// The addresses stay taken until nobody can use them any more: the function holds on to its apertures while it is open and every register access
/// keeps its <see cref="Registers"/>, hence this, alive until the load or store is done. So the finaliser cannot run under an access.
/// </remarks>
internal sealed class BarAperture
{
    private readonly List<ByteRange> mapped = [];
    private readonly ulong reserved;

    private BarAperture(nint address, ulong length)
    {
        Address = address;
        reserved = length;
    }

    ~BarAperture() => MappedMemory.Release(Address, reserved);

    /// <summary>Raised, once, when the mappings have been replaced.</summary>
    public event Action? Gone;

    /// <summary>Where the BAR's first byte is, or would be.</summary>
    public nint Address { get; }

    /// <summary>Whether a part of the BAR itself is mapped.</summary>
    public bool IsMapped => mapped.Count > 0 && !IsGone;

    /// <summary>Whether the mappings have been replaced by all ones.</summary>
    public bool IsGone { get; private set; }

    /// <summary>Takes addresses for a BAR without mapping anything.</summary>
    /// <exception cref="PciException">The process has no addresses left.</exception>
    public static BarAperture Create(ulong length, uint pageSize)
    {
        // Made before it is needed: when a function vanishes there may be no descriptor to be had.
        OnesFile.Prepare(length);
        ulong whole = (length + pageSize - 1) & ~((ulong)pageSize - 1);
        nint address = MappedMemory.Reserve(whole, out Errno error);
        return error == Errno.None ? new BarAperture(address, whole)
            : throw new PciException("map a BAR", $"0x{whole:x} bytes of addresses could not be had ({error}): see vm.max_map_count and RLIMIT_AS", errorNumber: (int)error);
    }

    /// <summary>Where a range of the BAR is to be mapped.</summary>
    public nint AddressOf(ByteRange range) => Address + (nint)range.Offset;

    /// <summary>Notes that a range has been mapped.</summary>
    public void Add(ByteRange range) => mapped.Add(range);

    /// <summary>Whether a byte of the BAR is mapped, to the function or to all ones. Allocates nothing.</summary>
    public bool Contains(ulong offset)
    {
        foreach (ByteRange range in mapped)
        {
            if (offset - range.Offset < range.Length)
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Puts all ones over what is mapped. Accesses under way finish on one or the other.</summary>
    /// <exception cref="PciException">The process has too many mappings.</exception>
    public void Substitute()
    {
        if (IsGone)
        {
            return;
        }

        IsGone = true;
        Gone?.Invoke();
        foreach (ByteRange range in mapped)
        {
            OnesFile.MapOver(AddressOf(range), range.Length);
        }
    }

    /// <summary>As <see cref="Substitute"/>, where there is more to be done than this: with no mappings left to be had, what is mapped stays.</summary>
    public void TrySubstitute()
    {
        try
        {
            Substitute();
        }
        catch (PciException)
        {
            // Registers that vanish under it may end the process, but need not; waits that never end would be certain.
        }
    }
}
