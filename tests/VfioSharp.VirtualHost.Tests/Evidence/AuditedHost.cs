using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Evidence;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>A virtual host and the audit of what it shows.</summary>
internal sealed class AuditedHost
{
    private readonly Dictionary<PciAddress, FunctionAudit> functions;

    private AuditedHost(VirtualHost host)
    {
        Host = host;
        Audit = HostAudit.Of(HostEvidence.Read(HostEvidenceWriter.Write(host)));
        functions = Audit.Functions.ToDictionary(function => function.Address);
    }

    public VirtualHost Host { get; }

    public HostAudit Audit { get; }

    public static AuditedHost Of(VirtualHostOptions options, HostPlan plan) => new(VirtualHost.Create(options, plan, EvidenceModel.Of));

    /// <summary>A host of any topology, whose second host bridge, if it has one, is in a segment of its own, the last that firmware can name, or the same.</summary>
    public static AuditedHost Random(VirtualHostOptions options, FuzzRandom random)
    {
        HostPlan plan = RandomPlan.Of(random, options.Bridge);
        return Of(options, plan.HostBridges is not [var first, var second] ? plan : new HostPlan
        {
            HostBridges = [first, random.Below(3) switch { 0 => second, 1 => second with { Segment = 0xFFFF }, _ => second with { Segment = first.Segment, RootBus = 0x80 } }],
        });
    }

    /// <summary>What the audit says of a function.</summary>
    public FunctionAudit Of(HostFunction function) => functions[function.Address];

    /// <summary>Whether the host's vfio-pci attaches a function's group once nothing stands against it but isolation.</summary>
    public bool Attaches(EndpointFunction function) => WithGroupOnVfio(function, () =>
    {
        try
        {
            VfioPci.CheckOpen(Host, function);
            return true;
        }
        catch (MsiIsolationException)
        {
            return false;
        }
        catch (PciException) when (function.Group is null)
        {
            return false;
        }
    });

    /// <summary>The decision of the host's vfio-pci about a function's table, for a driver with the usual rule.</summary>
    public MsixTableDecision Decide(EndpointFunction function) => WithGroupOnVfio(function, () =>
    {
        PciFunction opened = Host.Open(function.Address);
        try
        {
            using Bar bar = opened.MapBar(function.Model.Layout.Msix!.TableBar);
            return bar.MsixTable;
        }
        finally
        {
            opened.DisposeAsync().AsTask().GetAwaiter().GetResult();
        }
    });

    private T WithGroupOnVfio<T>(EndpointFunction function, Func<T> ask)
    {
        (EndpointFunction Member, FunctionDriver Driver)[] group =
            [.. (function.Group?.Members.OfType<EndpointFunction>() ?? [function]).Select(member => (member, member.Driver))];
        foreach ((EndpointFunction member, _) in group)
        {
            Host.Bind(member.Address, FunctionDriver.VfioPci);
        }

        try
        {
            return ask();
        }
        finally
        {
            foreach ((EndpointFunction member, FunctionDriver driver) in group)
            {
                Host.Bind(member.Address, driver);
            }
        }
    }
}
