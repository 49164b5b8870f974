using VfioSharp.Devices;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.VfioUser.Tests.Contract;

/// <summary>The model served at a socket, and driven over it.</summary>
internal sealed class SocketSubject : ContractModelSubject, IAsyncDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly VfioUserServer server;
    private readonly VfioUserClientOptions options;

    public SocketSubject(ContractLayout layout, VfioUserServerOptions serverOptions, VfioUserClientOptions clientOptions)
        : base(layout)
    {
        options = clientOptions;
        server = VfioUserServer.Listen(Path.Combine(folder, "socket"), serverOptions);
        _ = server.ServeAsync(Model);
    }

    public override ContractFeatures Features => base.Features | ContractFeatures.Removal | ContractFeatures.Loss;

    public VfioUserServer Server => server;

    public override ValueTask<PciFunction> OpenAsync(CancellationToken stop) => VfioUserClient.ConnectAsync(server.Path, options, stop);

    public override ValueTask AskForRemovalAsync(PciFunction function)
    {
        server.AskForRelease();
        return ValueTask.CompletedTask;
    }

    public override ValueTask LoseAsync(PciFunction function) => server.DisposeAsync();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }
}
