using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;

namespace VfioSharp.Tests.Contract.Model;

/// <summary>A function that does what the contract asks about, with its MSI-X table where a layout says.</summary>
/// <param name="layout">One of <see cref="ContractLayout.All"/>.</param>
internal sealed class ContractModel(ContractLayout layout) : EmulatedFunction(layout.Function)
{
    public const ushort VendorId = 0x1234;
    public const ushort DeviceId = 0x11EA;
    public const uint IdentityValue = 0xC0DE_11EA;
    public const uint ScratchDefault = 0x5EED_0001;
    public const int RegisterBar = 0;
    public const int MaxCopy = 1 << 16;

    public const ulong Identity = 0x00;
    public const ulong Scratch = 0x04;
    public const ulong Fire = 0x08;
    public const ulong Line = 0x0C;
    public const ulong Source = 0x10;
    public const ulong Destination = 0x18;
    public const ulong Length = 0x20;
    public const ulong Copy = 0x24;
    public const ulong Failures = 0x28;

    private readonly byte[] registers = new byte[0x30];

    /// <summary>The two registers that are memory: identity and scratch; null where handlers answer for them.</summary>
    private BarMemory? Shared => layout.Shared is { } range ? MemoryOf(RegisterBar, range) : null;

    /// <summary>Brings the registers to their defaults, as a new function has them.</summary>
    public ContractModel Initialize()
    {
        registers.AsSpan().Clear();
        BitConverter.TryWriteBytes(registers.AsSpan((int)Identity), IdentityValue);
        BitConverter.TryWriteBytes(registers.AsSpan((int)Scratch), ScratchDefault);
        Shared?.Write32(0, IdentityValue);
        Shared?.Write32(4, ScratchDefault);
        return this;
    }

    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        ulong value = 0;
        for (int i = 0; i < width && bar == RegisterBar && offset + (ulong)i < (ulong)registers.Length; i++)
        {
            value |= (ulong)registers[(int)offset + i] << (8 * i);
        }

        return value;
    }

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        if (bar != RegisterBar || offset + (ulong)width > (ulong)registers.Length)
        {
            return;
        }

        for (int i = offset == Identity ? width : 0; i < width; i++)
        {
            registers[(int)offset + i] = (byte)(value >> (8 * i));
        }

        switch (offset)
        {
            case Fire:
                Raise((int)value);
                break;
            case Line:
                SetIntx(value != 0);
                break;
            case Copy:
                CopyMemory();
                break;
            default:
                break;
        }
    }

    protected override ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        Initialize();
        return ValueTask.CompletedTask;
    }

    private void CopyMemory()
    {
        byte[] data = new byte[Math.Min((int)OnRead(RegisterBar, Length, 4), MaxCopy)];
        if (!Memory.TryRead(new Iova(OnRead(RegisterBar, Source, 8)), data) || !Memory.TryWrite(new Iova(OnRead(RegisterBar, Destination, 8)), data))
        {
            registers[(int)Failures]++;
        }
    }
}
