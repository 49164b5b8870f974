using VfioSharp.Devices;
using VfioSharp.Tests.Contract;
using VfioSharp.Tests.Contract.Model;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Tests.Vfio;

/// <summary>The contract's model bound to the vfio-pci of a virtual host.</summary>
internal sealed class BoundSubject : ContractModelSubject
{
    private readonly VirtualHost host;
    private readonly EndpointFunction endpoint;
    private readonly OpenOptions options;

    public BoundSubject(ContractLayout layout, VirtualHostOptions hostOptions, OpenOptions? options = null)
        : base(layout)
    {
        this.options = options ?? new OpenOptions();
        var place = new FunctionPlan(0, 0, "contract") { Driver = FunctionDriver.VfioPci };
        host = VirtualHost.Create(hostOptions, Hosts.Plan(Model.Layout.IsPciExpress ? Hosts.Port(1, place) : place), _ => Model);
        endpoint = host.Functions.OfType<EndpointFunction>().Single();
    }

    /// <summary>What the unit delivered; all interrupts of the function went through it.</summary>
    public long Delivered => endpoint.Bus.HostBridge.Unit.Delivered;

    public long Blocked => endpoint.Bus.HostBridge.Unit.Blocked;

    public override ContractFeatures Features => base.Features | ContractFeatures.Removal | ContractFeatures.Loss;

    public override bool ShowsTrappedTable => host.Options.Dialect == VfioDialect.PatchSeries && endpoint.Bus.HasIsolatedMsis;

    public override ValueTask AskForRemovalAsync(PciFunction function)
    {
        host.AskForRelease(endpoint.Address);
        return ValueTask.CompletedTask;
    }

    public override ValueTask LoseAsync(PciFunction function)
    {
        host.Unplug(endpoint.Address);
        return ValueTask.CompletedTask;
    }

    public override ValueTask<PciFunction> OpenAsync(CancellationToken stop) => ValueTask.FromResult(host.Open(endpoint.Address, options));
}
