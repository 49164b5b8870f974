using VfioSharp.Cli.Hosting;
using VfioSharp.Cli.Nvme;
using VfioSharp.Devices;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Driver;
using VfioSharp.Pci.Addressing;
using VfioSharp.VfioUser;
using VfioSharp.VirtualHost;
using VfioSharp.VirtualHost.Topology;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Demo;

/// <summary>A virtual host with an NVMe controller whose doorbells share the page of its MSI-X table, served over vfio-user.</summary>
internal sealed class DemoStage : IAsyncDisposable
{
    private const long Capacity = 64 << 20;

    private readonly NvmeNamespace medium;
    private readonly NvmeController controller;
    private readonly Host host;
    private readonly VfioUserServer server;
    private readonly Task serving;
    private readonly CancellationTokenSource stop = new();

    private DemoStage(NvmeNamespace medium, NvmeController controller, Host host, VfioUserServer server)
    {
        this.medium = medium;
        this.controller = controller;
        this.host = host;
        this.server = server;
        serving = server.ServeAsync(controller, stop.Token);
    }

    /// <summary>Where the controller is on its host.</summary>
    public PciAddress Address => Function.Address;

    /// <summary>How many messages clients have sent.</summary>
    public long Messages => server.Statistics.Messages;

    /// <summary>How many interrupts the controller has raised.</summary>
    public long Interrupts => server.Statistics.Interrupts;

    private EndpointFunction Function => host.Functions.OfType<EndpointFunction>().Single();

    /// <summary>Builds the host, puts the controller into it and serves it.</summary>
    /// <param name="options">The host.</param>
    /// <param name="path">Where to serve it.</param>
    public static DemoStage Build(VirtualHostOptions options, string path)
    {
        NvmeNamespace medium = NvmeNamespace.InMemory(Capacity, blockSize: 4096);
        var controller = new NvmeController(new NvmeControllerOptions { Namespaces = [medium], SerialNumber = "DEMO" });
        var host = Host.Create(options, DefaultPlan.Of(options.Bridge, "nvme", 1), _ => controller);
        return new DemoStage(medium, controller, host, VfioUserServer.Listen(path));
    }

    /// <summary>Opens the function as a user of the host does, without driving it.</summary>
    /// <exception cref="PciException">The host's vfio-pci does not give it away.</exception>
    public void Check() => host.CheckOpen(Address);

    /// <summary>Connects to the function.</summary>
    public ValueTask<PciFunction> ConnectAsync(CancellationToken cancelled) => VfioUserClient.ConnectAsync(server.Path, null, cancelled);

    /// <summary>Drives the controller.</summary>
    /// <param name="shadowDoorbells">Whether trapped doorbells may be kept in memory, so that few are written.</param>
    /// <param name="cancelled">Gives up.</param>
    public async Task<NvmeSession> DriveAsync(bool shadowDoorbells, CancellationToken cancelled)
    {
        PciFunction function = await ConnectAsync(cancelled).ConfigureAwait(false);
        return new NvmeSession(function, await NvmeDriver.OpenAsync(
            function, new NvmeDriverOptions { OwnsFunction = true, UseShadowDoorbells = shadowDoorbells }, cancelled).ConfigureAwait(false));
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        await stop.CancelAsync().ConfigureAwait(false);
        await server.DisposeAsync().ConfigureAwait(false);
        await serving.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        await controller.DisposeAsync().ConfigureAwait(false);
        medium.Dispose();
        stop.Dispose();
    }
}
