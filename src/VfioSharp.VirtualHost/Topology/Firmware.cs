using System.Buffers.Binary;
using System.Collections.Immutable;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>
/// Brings a host up from its plan: makes buses and functions, gives buses their numbers and BARs and windows their addresses, and then does what the
/// kernel does, groups and drivers.
/// </summary>
/// <param name="host">The host.</param>
/// <param name="models">Makes the function for a place.</param>
internal sealed class Firmware(VirtualHost host, Func<FunctionPlan, EmulatedFunction> models)
{
    private const ulong SpareForPlugging = 0x20_0000;

    // Shared by all host bridges, as on a real host.
    private readonly BusWindows addresses = new()
    {
        [BusWindows.Space.Io] = ByteRange.FromBounds(0x1000, 0x1_0000),
        [BusWindows.Space.Memory32] = ByteRange.FromBounds(0x8000_0000, 0xE000_0000),
        [BusWindows.Space.Memory64] = ByteRange.FromBounds(1UL << 40, 1UL << 46),
    };

    private readonly Dictionary<EndpointFunction, FunctionPlan> plans = [];
    private int nextBus;

    /// <summary>Makes a host bridge and all below it.</summary>
    public HostBridge Build(HostBridgePlan plan)
    {
        var bridge = new HostBridge(plan.Segment, plan.RootBus, host.Platform.CreateDomain(host.Memory, plan.Segment, plan.RootBus));
        bridge.RootBus.Windows = addresses;
        nextBus = plan.RootBus + 1;
        plans.Clear();
        Populate(bridge.RootBus, plan.Slots);
        AssignAddresses(bridge.RootBus, isExpressPath: true);
        foreach (HostFunction function in bridge.RootBus.AndBelow.OrderBy(function => function is EndpointFunction { PhysicalFunction: not null }).ToArray())
        {
            host.Group(function);
        }

        foreach ((EndpointFunction function, FunctionPlan placed) in plans)
        {
            function.Bind(function.PhysicalFunction is null ? placed.Driver : placed.VirtualDriver);
        }

        return bridge;
    }

    /// <summary>Adds one function to a host that runs.</summary>
    public EndpointFunction Plug(HostBus bus, FunctionPlan plan)
    {
        byte last = bus.Bridge?.ReadConfiguration().SubordinateBus ?? byte.MaxValue;
        if (LastBus(bus.Number, plan) is var needed && needed != bus.Number && (bus.Bridge is null || needed > last))
        {
            throw PlanRules.Broken($"bus {bus}", $"has no bus numbers for {plan.VirtualFunctions} virtual functions at these offsets");
        }

        EndpointFunction function = Place(bus, plan, isMultiFunction: false);
        EndpointFunction[] all = [function, .. function.VirtualFunctions];
        try
        {
            AssignBars(function, plan, IsExpressPath(bus));
        }
        catch
        {
            host.Unplug(function.Address);
            throw;
        }

        foreach (EndpointFunction each in all)
        {
            host.Group(each);
            each.Bind(each == function ? plan.Driver : plan.VirtualDriver);
        }

        return function;
    }

    private static bool IsExpressPath(HostBus bus) => bus.Bridge is null || (bus.Bridge.Kind < BridgeKind.PcieToPci && IsExpressPath(bus.Bridge.Bus));

    // Virtual functions may answer to bus numbers after their physical function's (PCIe 6.0, 9.2.1.2).
    private static int LastBus(int bus, FunctionPlan plan) => plan.VirtualFunctions == 0 ? bus
        : (((bus << 8) | (plan.Device << 3) | plan.Function) + plan.VirtualOffsets.First + ((plan.VirtualFunctions - 1) * plan.VirtualOffsets.Stride)) >> 8;

    private void Populate(HostBus bus, ImmutableArray<SlotPlan> slots)
    {
        foreach (FunctionPlan plan in slots.OfType<FunctionPlan>())
        {
            nextBus = Math.Max(nextBus, LastBus(bus.Number, plan) + 1);
        }

        foreach (SlotPlan slot in slots.OrderBy(slot => (slot.Device, slot.Function)))
        {
            bool isMultiFunction = slots.Any(other => other.Device == slot.Device && other.Function != slot.Function);
            if (slot is FunctionPlan function)
            {
                Place(bus, function, isMultiFunction);
                continue;
            }

            var bridge = (BridgePlan)slot;
            var id = new RequesterId((ushort)((bus.Number << 8) | (slot.Device << 3) | slot.Function));
            CheckBusNumber(nextBus, $"segment {bus.HostBridge.Segment:x4}");
            var made = new BridgeFunction(bus, id, bridge, (byte)nextBus++, isMultiFunction);
            host.Add(made);
            Populate(made.SecondaryBus, bridge.Slots);
            CheckBusNumber(nextBus - 1, $"segment {bus.HostBridge.Segment:x4}");
            made.Program((byte)(nextBus - 1), host.Platform.TranslatesDma);
        }
    }

    private static void CheckBusNumber(int number, string where)
    {
        if (number > byte.MaxValue)
        {
            throw PlanRules.Broken(where, "has more buses than the 256 that there are numbers for");
        }
    }

    private EndpointFunction Place(HostBus bus, FunctionPlan plan, bool isMultiFunction)
    {
        var id = new RequesterId((ushort)((bus.Number << 8) | (plan.Device << 3) | plan.Function));
        EndpointFunction function = Place(bus, id, plan, isMultiFunction, null);
        int first = id.Value + plan.VirtualOffsets.First;
        function.VirtualFunctions =
        [
            .. Enumerable.Range(0, plan.VirtualFunctions)
                .Select(index => Place(bus, new RequesterId((ushort)(first + (index * plan.VirtualOffsets.Stride))), plan, false, function)),
        ];
        return function;
    }

    private EndpointFunction Place(HostBus bus, RequesterId id, FunctionPlan plan, bool isMultiFunction, EndpointFunction? physical)
    {
        EmulatedFunction model = models(plan);
        string place = $"{new PciAddress(bus.HostBridge.Segment, id)}";
        if (model.Core.Interrupts.Host is not null)
        {
            throw PlanRules.Broken(place, "was given a function that somebody holds still: let go of it first");
        }

        if (model.Core.Placement is not null || host.TryFind(new PciAddress(bus.HostBridge.Segment, id), out _))
        {
            throw PlanRules.Broken(place, model.Core.Placement is not null ? "was given a function that has its place already" : "is taken by a virtual function");
        }

        bool isExpress = model.Layout.IsPciExpress;
        if (bus.Bridge is { } bridge && isExpress != bridge.Kind < BridgeKind.PcieToPci)
        {
            throw PlanRules.Broken(place, isExpress ? "is on a conventional bus, which a PCI Express function does not fit" : "lies behind a link, which a conventional function does not fit");
        }

        if (!isExpress && plan.VirtualFunctions > 0)
        {
            throw PlanRules.Broken(place, "is conventional, and only PCI Express functions have virtual functions");
        }

        var function = new EndpointFunction(host, bus, id, model, isMultiFunction, physical);
        model.Core.Placement = function;
        model.Core.Memory.Bus = function;
        host.Add(function);
        plans[function] = plan;
        return function;
    }

    private void AssignAddresses(HostBus bus, bool isExpressPath)
    {
        foreach (EndpointFunction function in bus.Functions.OfType<EndpointFunction>().Where(function => function.PhysicalFunction is null).ToArray())
        {
            AssignBars(function, plans[function], isExpressPath);
        }

        foreach (BridgeFunction bridge in bus.Functions.OfType<BridgeFunction>())
        {
            BusWindows behind = bus.Windows.Open();
            bridge.SecondaryBus.Windows = behind;
            AssignAddresses(bridge.SecondaryBus, isExpressPath && bridge.Kind < BridgeKind.PcieToPci);
            bool isEmptySlot = bridge.Kind is BridgeKind.RootPort or BridgeKind.DownstreamPort && bridge.SecondaryBus.Functions.Count == 0;
            bus.Windows.Close(behind, isEmptySlot ? SpareForPlugging : 0);
            bridge.Program(bridge.ReadConfiguration().SubordinateBus, host.Platform.TranslatesDma);
        }
    }

    private static void AssignBars(EndpointFunction function, FunctionPlan plan, bool isExpressPath)
    {
        FunctionLayout layout = function.Model.Layout;
        var virtualBars = new Dictionary<int, ulong>();
        foreach (BarLayout bar in layout.Bars.OrderByDescending(bar => bar.Length))
        {
            BusWindows.Space space = BusWindows.SpaceOf(bar.Kind, isExpressPath);
            SetBar(function, bar, Take(function, space, bar.Length, bar.Length));
            if (!function.VirtualFunctions.IsEmpty && bar.Kind != BarKind.Io)
            {
                // One run for all, each as large as a page at least (PCIe 6.0, 9.3.3.14).
                ulong each = Math.Max(bar.Length, 4096);
                ulong first = Take(function, space, each * (ulong)function.VirtualFunctions.Length, each);
                virtualBars.Add(bar.Index, first);
                for (int index = 0; index < function.VirtualFunctions.Length; index++)
                {
                    SetBar(function.VirtualFunctions[index], bar, first + (each * (ulong)index));
                }
            }
        }

        Describe(function, plan, virtualBars);
    }

    private static ulong Take(EndpointFunction function, BusWindows.Space space, ulong length, ulong alignment) =>
        function.Bus.Windows.Take(space, length, alignment)
        ?? throw PlanRules.Broken($"{function.Address}", $"needs 0x{length:x} bytes of {(space == BusWindows.Space.Io ? "ports" : "addresses")}, which its bus has not left");

    private static void SetBar(EndpointFunction function, BarLayout bar, ulong address)
    {
        Span<byte> value = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(value, address);
        function.WriteConfiguration(ConfigurationImage.FirstBar + (4 * bar.Index), value[..(bar.Kind == BarKind.Memory64 ? 8 : 4)]);
    }

    private static void Describe(EndpointFunction function, FunctionPlan plan, Dictionary<int, ulong> virtualBars)
    {
        var capabilities = new PlacedCapabilities();
        if (function.IsMultiFunction && plan.HasAcs)
        {
            capabilities.AddAccessControl();
        }

        if (!function.VirtualFunctions.IsEmpty)
        {
            capabilities.AddAlternativeRouting();
            capabilities.AddVirtualFunctions(function.VirtualFunctions.Length, plan.VirtualOffsets, function.Model.Layout, virtualBars);
        }

        Devices.Emulation.FunctionCore core = function.Model.Core;
        using (core.EnterControl())
        {
            core.Configuration.Place(function.IsMultiFunction, function.PortType ?? default, capabilities.Image, capabilities.Writable);
        }
    }
}
