using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Emulation;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>A function served by one process's rules and driven by another's, with the means to take it elsewhere.</summary>
internal sealed class MigrationRig : IAsyncDisposable
{
    private MigrationRig(ServerRig server, PciFunction function, FunctionMigration migration)
    {
        Server = server;
        Function = function;
        Migration = migration;
        Bar = function.MapBar(0);
    }

    public ServerRig Server { get; }

    public TestModel Model => Server.Model;

    public PciFunction Function { get; }

    public FunctionMigration Migration { get; }

    /// <summary>BAR 0.</summary>
    public Bar Bar { get; }

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static async Task<MigrationRig> StartAsync(FunctionLayout? layout = null, VfioUserServerOptions? serving = null, VfioUserClientOptions? driving = null)
    {
        var server = new ServerRig(layout, serving);
        PciFunction function = await VfioUserClient.ConnectAsync(server.Path, driving, Stop);
        return new MigrationRig(server, function, await FunctionMigration.OfAsync(function, Stop));
    }

    /// <summary>The state, from the start.</summary>
    public async Task<MemoryStream> SaveAsync()
    {
        var state = new MemoryStream();
        await Migration.SaveAsync(state, Stop).Soon();
        state.Position = 0;
        return state;
    }

    public async ValueTask DisposeAsync()
    {
        Bar.Dispose();
        await Function.DisposeAsync().Soon();
        await Server.DisposeAsync();
    }
}
