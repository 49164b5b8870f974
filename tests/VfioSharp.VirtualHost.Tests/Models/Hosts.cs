using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Models;

/// <summary>Hosts for tests, made in a line.</summary>
internal static class Hosts
{
    public static VirtualHostOptions Vtd { get; } = new() { Bridge = HostBridgeKind.Vtd };

    /// <summary>A host with one host bridge.</summary>
    public static VirtualHost Of(VirtualHostOptions options, params ReadOnlySpan<SlotPlan> slots) =>
        VirtualHost.Create(options, Plan(slots), Model);

    public static HostPlan Plan(params ReadOnlySpan<SlotPlan> slots) => new() { HostBridges = [new HostBridgePlan { Slots = [.. slots] }] };

    public static FunctionPlan Function(int device, int function = 0, string model = "express") => new(device, function, model);

    public static BridgePlan Port(int device, params ReadOnlySpan<SlotPlan> behind) => new(device, 0, BridgeKind.RootPort) { Slots = [.. behind] };

    public static BridgePlan Bridge(BridgeKind kind, int device, params ReadOnlySpan<SlotPlan> behind) => new(device, 0, kind) { Slots = [.. behind] };

    public static PlainFunction Model(FunctionPlan plan) => new(plan.Model == "conventional" ? PlainFunction.Conventional : PlainFunction.PciExpress);

    public static EndpointFunction Endpoint(this VirtualHost host, string address) => (EndpointFunction)host.Find(PciAddress.Parse(address));

    public static PlainFunction Plain(this VirtualHost host, string address) => (PlainFunction)host.Endpoint(address).Model;
}
