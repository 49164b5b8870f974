using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>Drives a Tally (<c>samples/Tally</c>), which keeps a total and interrupts when a goal is reached.</summary>
internal sealed class TallyDriver : IDisposable
{
    public const string Id = "1234:11e9";

    public const uint IdentificationValue = 0x594C_4154;

    private const ulong IdentificationOffset = 0x00;
    private const ulong TotalOffset = 0x08;
    private const ulong AddOffset = 0x10;
    private const ulong GoalOffset = 0x18;
    private const ulong AddressOffset = 0x20;
    private const ulong SumOffset = 0x28;
    private const ulong FailuresOffset = 0x30;

    private readonly Bar bar;
    private readonly MsixVectors vectors;

    private TallyDriver(Bar bar, MsixVectors vectors)
    {
        this.bar = bar;
        this.vectors = vectors;
    }

    public uint Identification => bar.Registers.Read32(IdentificationOffset);

    public ulong Total => bar.Registers.Read64(TotalOffset);

    /// <summary>How many sums the function could not make.</summary>
    public uint Failures => bar.Registers.Read32(FailuresOffset);

    public static async Task<TallyDriver> StartAsync(PciFunction function, CancellationToken stop) =>
        new(function.MapBar(0), await function.EnableMsixAsync(1, stop));

    public void Add(uint amount) => bar.Registers.Write32(AddOffset, amount);

    /// <summary>Adds up to a goal, and waits to be told that it is reached.</summary>
    public async Task ReachAsync(ulong goal, uint amount, CancellationToken stop)
    {
        bar.Registers.Write64(GoalOffset, goal);
        while (Total < goal)
        {
            Expect.That(!vectors[0].TryTake(), "the function said that the goal is reached before it was");
            Add(amount);
        }

        await vectors[0].WaitAsync(stop);
    }

    /// <summary>Fills memory with words, and lets the function add them.</summary>
    /// <returns>What they come to.</returns>
    public ulong Sum(DmaBuffer buffer, uint seed)
    {
        ulong sum = 0;
        foreach (ref uint word in MemoryMarshal.Cast<byte, uint>(buffer.Span))
        {
            word = seed = (seed * 1_664_525) + 1_013_904_223;
            sum += word;
        }

        Sum(buffer.Iova, (uint)buffer.Span.Length);
        return sum;
    }

    /// <summary>Lets the function add what is in memory, which may be nobody's.</summary>
    public void Sum(Iova address, uint length)
    {
        DmaBarrier.BeforeDoorbell();
        bar.Registers.Write64(AddressOffset, address.Value);
        bar.Registers.Write32(SumOffset, length);
    }

    public void Dispose()
    {
        vectors.Dispose();
        bar.Dispose();
    }
}
