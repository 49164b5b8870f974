using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Samples;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>The sample, served and driven.</summary>
internal sealed class ServedTally : IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly VfioUserServer server;

    private ServedTally()
    {
        server = VfioUserServer.Listen(Path.Combine(folder, "socket"));
        _ = server.ServeAsync(new Tally());
    }

    public PciFunction Function { get; private set; } = null!;

    public FunctionMigration Migration { get; private set; } = null!;

    public Registers Registers { get; private set; } = null!;

    public static async Task<ServedTally> StartAsync()
    {
        var tally = new ServedTally();
        tally.Function = await VfioUserClient.ConnectAsync(tally.server.Path);
        tally.Migration = await FunctionMigration.OfAsync(tally.Function);
        tally.Registers = tally.Function.MapBar(0).Registers;
        return tally;
    }

    public async ValueTask DisposeAsync()
    {
        await Function.DisposeAsync();
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
