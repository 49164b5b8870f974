using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Cli.Tests.Serving;

/// <summary>The registers of a Tally (samples/Tally/README.md), and all that it does at once.</summary>
internal static class TallyRegisters
{
    public const ulong Total = 0x08, Add = 0x10, Goal = 0x18, Address = 0x20, Sum = 0x28;

    /// <summary>Adds what is written and what lies in memory, and waits for the interrupt at the goal.</summary>
    public static async Task ShouldCountAsync(PciFunction function, CancellationToken stop)
    {
        using Bar bar = function.MapBar(0);
        using MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        bar.Registers.Write64(Goal, 1000);
        bar.Registers.Write32(Add, 990);

        using DmaBuffer memory = function.Dma.Allocate(4096);
        for (int i = 0; i < 4; i++)
        {
            memory.Ref<uint>(i) = (uint)i + 1;
        }

        bar.Registers.Write64(Address, memory.Iova.Value);
        bar.Registers.Write32(Sum, 16);
        await vectors[0].WaitAsync(stop);
        bar.Registers.Read64(Total).ShouldBe(990UL + 1 + 2 + 3 + 4);
    }
}
