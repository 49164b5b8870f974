using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Many functions served in this process, as a host has them: some are attacked, the others are neighbours.</summary>
internal sealed class Street : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly List<House> houses = [];

    /// <summary>Times short enough for a test to wait for, long enough for a good client on a busy machine.</summary>
    public static VfioUserLimits Limits { get; } = new()
    {
        GreetingTime = TimeSpan.FromMilliseconds(200),
        MessageTime = TimeSpan.FromMilliseconds(200),
        SendTime = TimeSpan.FromMilliseconds(300),
        ReplyTime = TimeSpan.FromMilliseconds(200),
        MaxConnections = 8,
    };

    /// <summary>The functions that are attacked.</summary>
    public IReadOnlyList<House> Targets => houses.GetRange(1, houses.Count - 1);

    /// <summary>The function that is driven all the time.</summary>
    public House Neighbour => houses[0];

    /// <summary>Serves functions.</summary>
    /// <param name="count">How many.</param>
    /// <param name="mode">How those that are attacked are served; the neighbour is served as most are.</param>
    public static Street Open(int count, ServingMode mode)
    {
        var street = new Street();
        for (int i = 0; i < count; i++)
        {
            street.houses.Add(new House(Path.Combine(street.folder, $"{i}"), i, i == 0 ? new() : new() { Mode = mode, Limits = Limits }));
        }

        return street;
    }

    /// <summary>Whether a good client is served, in all it may want, by the function at that place.</summary>
    public static async Task CheckServedAsync(House house, CancellationToken stop)
    {
        // It may have to wait for what came before to be cleared away.
        var patient = new VfioUserClientOptions { Limits = VfioUserLimits.Default with { ReplyTime = RawClient.Patience } };
        await using PciFunction function = await VfioUserClient.ConnectAsync(house.Path, patient, stop);
        using Bar bar = function.MapBar((int)SoakFunction.RegisterBar);
        bar.Registers.Read32(SoakFunction.Identity).ShouldBe((SoakFunction.IdentityPrefix << 16) | (uint)house.Number);
        using Bar memory = function.MapBar((int)SoakFunction.MemoryBar);
        memory.Registers.Write32(0x100, 0x600D_0001);
        memory.Registers.Read32(0x100).ShouldBe(0x600D_0001u);

        await function.ResetAsync(stop);
        using DmaBuffer buffer = function.Dma.Allocate(4096);
        bar.Registers.Write64(SoakFunction.Address, buffer.Iova.Value);
        bar.Registers.Write32(SoakFunction.Length, 4096);
        bar.Registers.Write32(SoakFunction.Copy, SoakFunction.ReadMemory);
        bar.Registers.Read32(SoakFunction.Successes).ShouldBe(1u);

        using MsixVectors vectors = await function.EnableMsixAsync(SoakFunction.Vectors, stop);
        bar.Registers.Write32(SoakFunction.Fire, 3);
        await vectors[3].WaitAsync(stop);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (House house in houses)
        {
            await house.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }
}
