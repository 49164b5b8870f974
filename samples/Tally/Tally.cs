using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Samples;

/// <summary>
/// A PCI function, whole: it keeps a total, adds to it what a driver writes or has in memory, and interrupts when a goal is reached.
/// </summary>
/// <remarks>
/// A function's shape: a layout, which never changes; reads, writes and a reset of registers, listed in README.md; its state, to go on elsewhere. The rest of a PCI function, from
/// configuration space to pending bits, is the base class's. Handlers are called one at a time: no lock. They hold on to no memory: nothing to quiesce.
/// </remarks>
internal sealed class Tally() : EmulatedFunction(new FunctionLayout
{
    Identity = new(VendorId: 0x1234, DeviceId: 0x11E9, new ClassCode(0xFF, 0, 0)),
    Bars = [BarLayout.Memory64(index: 0, length: 0x1000), BarLayout.Msix(index: 2, vectors: 1)],
    CanMigrate = true,
})
{
    private const ulong Identification = 0x00, Total = 0x08, Add = 0x10, Goal = 0x18, Address = 0x20, Sum = 0x28, Failures = 0x30;
    private const ulong MaxSum = 4096; // a handler must not take long; EndpointTest shows what to do about more
    private const ulong StateVersion = 1;
    private const int StateLength = 5 * sizeof(ulong);

    private ulong total, goal, address, failures;

    /// <inheritdoc/>
    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        // Each register has 64 bits to itself, which may be read in parts; of what is returned the low bytes count.
        ulong register = (offset & ~7UL) switch
        {
            Identification => 0x594C_4154, // "TALY" in memory
            Total => total,
            Goal => goal,
            Address => address,
            Failures => failures,
            _ => 0,
        };
        return register >> (8 * (int)(offset & 7));
    }

    /// <inheritdoc/>
    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        switch (offset)
        {
            case Add:
                Increase(value);
                break;
            case Goal:
                goal = value;
                break;
            case Address:
                address = value;
                break;
            case Sum when TrySum(value, out ulong sum):
                Increase(sum);
                break;
            case Sum:
                failures++;
                break;
        }
    }

    /// <inheritdoc/>
    protected override ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        total = goal = address = failures = 0;
        return ValueTask.CompletedTask;
    }

    /// <inheritdoc/>
    protected override ValueTask SaveAsync(Stream destination, CancellationToken cancellationToken)
    {
        ulong[] state = [StateVersion, total, goal, address, failures];
        return destination.WriteAsync(MemoryMarshal.AsBytes(state.AsSpan()).ToArray(), cancellationToken);
    }

    /// <inheritdoc/>
    protected override async ValueTask RestoreAsync(Stream source, CancellationToken cancellationToken)
    {
        // It comes from whoever drives the function: one byte too many is asked for, and nothing changed before it is known to be right.
        byte[] bytes = new byte[StateLength + 1];
        int length = await source.ReadAtLeastAsync(bytes, bytes.Length, throwOnEndOfStream: false, cancellationToken).ConfigureAwait(false);
        ulong[] state = MemoryMarshal.Cast<byte, ulong>(bytes.AsSpan(0, StateLength)).ToArray();
        if (length != StateLength || state[0] != StateVersion)
        {
            throw new InvalidDataException("the state is none of Tally's");
        }

        (total, goal, address, failures) = (state[1], state[2], state[3], state[4]);
    }

    private void Increase(ulong amount)
    {
        // Told by the addition that gets there, and by that alone; measured by what was left, for the total may wrap.
        bool reached = total < goal && goal - total <= amount;
        total += amount;
        if (reached)
        {
            Raise(vector: 0);
        }
    }

    // Whatever a driver says of its memory, nothing throws: what cannot be reached is refused.
    private bool TrySum(ulong length, out ulong sum)
    {
        sum = 0;
        Span<uint> words = stackalloc uint[(int)Math.Min(length, MaxSum) / sizeof(uint)];
        bool isRead = length == (ulong)words.Length * sizeof(uint) && Memory.TryRead(new Iova(address), MemoryMarshal.AsBytes(words));
        foreach (uint word in words)
        {
            sum += word;
        }

        return isRead;
    }
}
