using System.Diagnostics.CodeAnalysis;
using System.Globalization;

namespace VfioSharp.Pci.Addressing;

/// <summary>
/// Where a PCI function lies: segment, bus, device and function, written <c>0000:01:00.0</c>.
/// </summary>
/// <remarks>
/// Linux calls the segment a domain and gives it 32 bits: Intel VMD and Hyper-V place theirs at 0x10000 and above
/// (<c>drivers/pci/controller/vmd.c</c>, <c>pci-hyperv.c</c>). With ARI the device number is 0 and the function number has eight bits
/// (PCI Express Base 6.0, 6.13); Linux goes on writing such an address as device and function of five and three bits, and so does this type.
/// </remarks>
public readonly record struct PciAddress : IComparable<PciAddress>, ISpanParsable<PciAddress>
{
    private const int MaxDevice = 31;
    private const int MaxFunction = 7;

    /// <summary>Creates an address from its parts.</summary>
    /// <param name="segment">The segment group (Linux: domain), any 32-bit value.</param>
    /// <param name="bus">The bus number, 0 to 255.</param>
    /// <param name="device">The device number, 0 to 31.</param>
    /// <param name="function">The function number, 0 to 7.</param>
    /// <exception cref="ArgumentOutOfRangeException">A part is out of its range.</exception>
    public PciAddress(uint segment, byte bus, int device, int function)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(device);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(device, MaxDevice);
        ArgumentOutOfRangeException.ThrowIfNegative(function);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(function, MaxFunction);
        Segment = segment;
        RequesterId = new RequesterId((ushort)((bus << 8) | (device << 3) | function));
    }

    /// <summary>Creates an address from its segment and requester ID.</summary>
    public PciAddress(uint segment, RequesterId requesterId)
    {
        Segment = segment;
        RequesterId = requesterId;
    }

    /// <summary>The segment group number (ACPI <c>_SEG</c>, Linux domain).</summary>
    public uint Segment { get; }

    /// <summary>The bus number.</summary>
    public byte Bus => RequesterId.Bus;

    /// <summary>The device number, 0 to 31.</summary>
    public int Device => RequesterId.Device;

    /// <summary>The function number, 0 to 7.</summary>
    public int Function => RequesterId.Function;

    /// <summary>The 16 bits by which the function names itself in the transactions it sends.</summary>
    public RequesterId RequesterId { get; }

    /// <summary>Reads an address in the form <c>[segment:]bus:device.function</c>, all hexadecimal; the segment defaults to 0.</summary>
    /// <exception cref="FormatException">The text is not an address.</exception>
    public static PciAddress Parse(ReadOnlySpan<char> s, IFormatProvider? provider) =>
        TryParse(s, provider, out PciAddress address)
            ? address
            : throw new FormatException($"'{s}' is not a PCI address; write it as [segment:]bus:device.function, for example 0000:01:00.0");

    /// <inheritdoc cref="Parse(ReadOnlySpan{char}, IFormatProvider)"/>
    public static PciAddress Parse(string s) => Parse(s, null);

    /// <inheritdoc cref="Parse(ReadOnlySpan{char}, IFormatProvider)"/>
    public static PciAddress Parse(string s, IFormatProvider? provider)
    {
        ArgumentNullException.ThrowIfNull(s);
        return Parse(s.AsSpan(), provider);
    }

    /// <summary>Reads an address, or says that the text is none.</summary>
    public static bool TryParse([NotNullWhen(true)] string? s, out PciAddress result) => TryParse(s.AsSpan(), null, out result);

    /// <inheritdoc/>
    public static bool TryParse([NotNullWhen(true)] string? s, IFormatProvider? provider, out PciAddress result) =>
        TryParse(s.AsSpan(), provider, out result);

    /// <inheritdoc/>
    public static bool TryParse(ReadOnlySpan<char> s, IFormatProvider? provider, out PciAddress result)
    {
        result = default;
        int dot = s.LastIndexOf('.');
        if (dot < 0 || !TryHex(s[(dot + 1)..], 1, out uint function) || function > MaxFunction)
        {
            return false;
        }

        ReadOnlySpan<char> rest = s[..dot];
        int colon = rest.LastIndexOf(':');
        if (colon < 0 || !TryHex(rest[(colon + 1)..], 2, out uint device) || device > MaxDevice)
        {
            return false;
        }

        rest = rest[..colon];
        colon = rest.LastIndexOf(':');
        uint segment = 0;
        if (colon >= 0 && !TryHex(rest[..colon], 8, out segment))
        {
            return false;
        }

        if (!TryHex(rest[(colon + 1)..], 2, out uint bus))
        {
            return false;
        }

        result = new PciAddress(segment, (byte)bus, (int)device, (int)function);
        return true;
    }

    /// <inheritdoc/>
    public int CompareTo(PciAddress other)
    {
        int bySegment = Segment.CompareTo(other.Segment);
        return bySegment != 0 ? bySegment : RequesterId.Value.CompareTo(other.RequesterId.Value);
    }

    /// <summary>The address as Linux writes it: at least four digits of segment, two of bus and device, one of function.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Segment:x4}:{Bus:x2}:{Device:x2}.{Function:x}");

    /// <summary>Orders addresses by segment, bus, device, function.</summary>
    public static bool operator <(PciAddress left, PciAddress right) => left.CompareTo(right) < 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator <=(PciAddress left, PciAddress right) => left.CompareTo(right) <= 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >(PciAddress left, PciAddress right) => left.CompareTo(right) > 0;

    /// <inheritdoc cref="op_LessThan"/>
    public static bool operator >=(PciAddress left, PciAddress right) => left.CompareTo(right) >= 0;

    private static bool TryHex(ReadOnlySpan<char> text, int maxDigits, out uint value)
    {
        value = 0;
        return text.Length >= 1 && text.Length <= maxDigits
            && uint.TryParse(text, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
