using System.Numerics;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// The harts' interrupt files and where they lie (RISC-V Advanced Interrupt Architecture 1.0, 3.6): a page each, of each hart the supervisor-level file and then
/// its guest files. A file's number is its page's in this arrangement.
/// </summary>
internal sealed class ImsicLayout
{
    /// <summary>Where the first page lies; the machine-level files lie elsewhere, where no function reaches them.</summary>
    public const ulong Base = 0x2800_0000;

    public const int PageShift = 12;

    private readonly int guestBits;

    /// <param name="harts">1 to 256.</param>
    /// <param name="guestFiles">How many guest files each hart has (GEILEN): 0 to 63.</param>
    /// <param name="identities">The highest identity that files implement: 63 to 2047, one less than a multiple of 64 (3.1).</param>
    public ImsicLayout(int harts, int guestFiles, int identities = 255)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(harts);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(harts, 256);
        ArgumentOutOfRangeException.ThrowIfNegative(guestFiles);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(guestFiles, 63);
        ArgumentOutOfRangeException.ThrowIfLessThan(identities, 63);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(identities, 2047);
        ArgumentOutOfRangeException.ThrowIfNotEqual(identities & 63, 63, nameof(identities));
        Harts = harts;
        GuestFiles = guestFiles;
        Identities = identities;
        guestBits = BitsFor(guestFiles + 1);
        Pages = 1 << (BitsFor(harts) + guestBits);
    }

    public int Harts { get; }

    public int GuestFiles { get; }

    public int Identities { get; }

    /// <summary>How many pages the arrangement has, those without a file among them.</summary>
    public int Pages { get; }

    /// <summary>The bits of a page's number that tell the harts' supervisor-level files apart: an MSI address mask.</summary>
    public ulong HartMask => (ulong)(Pages - 1) & ~((1UL << guestBits) - 1);

    /// <summary>Whether an address lies in one of the pages.</summary>
    public bool Contains(ulong address) => address - Base < (ulong)Pages << PageShift;

    public bool IsFile(uint file) => file < (uint)Pages && HartOf(file) < Harts && GuestOf(file) <= GuestFiles;

    /// <summary>Whether a file is a hart's own rather than one of its guests'.</summary>
    public bool IsSupervisorLevel(uint file) => IsFile(file) && GuestOf(file) == 0;

    /// <summary>The number of the file at an address; one that is no file's where there is none.</summary>
    public uint FileAt(ulong address) => Contains(address) ? (uint)((address - Base) >> PageShift) : uint.MaxValue;

    /// <summary>A hart's supervisor-level file for <paramref name="guest"/> 0, else one of its guest files.</summary>
    public uint FileOf(int hart, int guest) => (uint)((hart << guestBits) | guest);

    public int HartOf(uint file) => (int)(file >> guestBits);

    public static ulong AddressOf(uint file) => Base + ((ulong)file << PageShift);

    private int GuestOf(uint file) => (int)(file & ((1u << guestBits) - 1));

    private static int BitsFor(int count) => BitOperations.Log2(BitOperations.RoundUpToPowerOf2((uint)count));
}
