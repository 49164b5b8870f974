using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Platforms;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost;

/// <summary>
/// A PCI host in software: host bridges, buses with their flag, bridges, functions, and the interrupt hardware of a platform, programmed as Linux
/// programs it. Functions that signal write their messages, and what becomes of those the hardware decides.
/// </summary>
/// <remarks>Any thread. Functions are placed by those who made them, and stay theirs.</remarks>
public sealed class VirtualHost
{
    private const int SpareFunctions = 64; // for those that are plugged in later

    private readonly Dictionary<PciAddress, HostFunction> functions = [];
    private readonly IommuGroups groups;
    private readonly HostMemory memory = new();

    private VirtualHost(VirtualHostOptions options, HostPlatform platform)
    {
        Options = options;
        Platform = platform;
        groups = new IommuGroups(platform.GroupRule);
    }

    /// <summary>What platform it is.</summary>
    public VirtualHostOptions Options { get; }

    /// <summary>Its host bridges, in the order of the plan.</summary>
    public ImmutableArray<HostBridge> HostBridges { get; private set; } = [];

    /// <summary>All functions, bridges among them, by address.</summary>
    public ImmutableArray<HostFunction> Functions
    {
        get
        {
            lock (Gate)
            {
                return [.. functions.Values.OrderBy(function => function.Address)];
            }
        }
    }

    /// <summary>The IOMMU groups, by number; none where there is no IOMMU.</summary>
    public ImmutableArray<HostGroup> Groups
    {
        get
        {
            lock (Gate)
            {
                return [.. groups.All];
            }
        }
    }

    /// <summary>How many interrupts were raised that the host had given to nobody.</summary>
    public long SpuriousInterrupts => Processors.Spurious;

    internal HostPlatform Platform { get; }

    /// <summary>Guards what the host's kernel would guard: groups, bindings, and who was given which interrupt. Taken after a function's control lock.</summary>
    internal Lock Gate { get; } = new();

    internal HostInterrupts Processors { get; } = new();

    internal HostMemory Memory => memory;

    /// <summary>Makes a host and starts it: firmware assigns bus numbers and addresses, the kernel makes groups and binds drivers.</summary>
    /// <param name="options">What platform it is.</param>
    /// <param name="plan">What is plugged in.</param>
    /// <param name="models">Makes the function for a place; called once a physical function, and once for each of its virtual ones.</param>
    /// <exception cref="ArgumentException">The plan or the options break a rule; the message names it.</exception>
    public static VirtualHost Create(VirtualHostOptions options, HostPlan plan, Func<FunctionPlan, EmulatedFunction> models)
    {
        ArgumentNullException.ThrowIfNull(options);
        ArgumentNullException.ThrowIfNull(models);
        PlanRules.Check(plan);
        var host = new VirtualHost(options, HostPlatform.Create(options, SpareFunctions + plan.HostBridges.Sum(bridge => Count(bridge.Slots))));
        host.Platform.CheckPlan(plan);
        var firmware = new Firmware(host, models);
        host.HostBridges = [.. plan.HostBridges.Select(firmware.Build)];
        return host;
    }

    /// <summary>The function at an address, if there is one.</summary>
    public bool TryFind(PciAddress address, [NotNullWhen(true)] out HostFunction? function)
    {
        lock (Gate)
        {
            return functions.TryGetValue(address, out function);
        }
    }

    /// <summary>The function at an address.</summary>
    /// <exception cref="ArgumentException">There is none.</exception>
    public HostFunction Find(PciAddress address) =>
        TryFind(address, out HostFunction? function) ? function : throw new ArgumentException($"the host has no function at {address}", nameof(address));

    /// <summary>Gives an endpoint to another driver, or to none.</summary>
    /// <exception cref="ArgumentException">There is no endpoint at the address.</exception>
    /// <exception cref="DeviceBusyException">Somebody has it open.</exception>
    public void Bind(PciAddress address, FunctionDriver driver) => FindEndpoint(address).Bind(driver);

    /// <summary>Opens an endpoint that vfio-pci holds, as a driver does.</summary>
    /// <param name="address">Where it is.</param>
    /// <param name="options">How it is opened.</param>
    /// <returns>The function; disposing it gives it back to vfio-pci.</returns>
    /// <exception cref="ArgumentException">There is no endpoint at the address.</exception>
    /// <exception cref="MsiIsolationException">Its group is not isolated, and the host does not overlook that.</exception>
    /// <exception cref="DeviceBusyException">A driver of the host's, or another client, holds it or another function of its group.</exception>
    /// <exception cref="PciException">It is in no group.</exception>
    public PciFunction Open(PciAddress address, OpenOptions? options = null) => VfioPci.Open(this, FindEndpoint(address), options ?? new OpenOptions());

    /// <summary>Whether vfio-pci would give an endpoint away, as the host stands now: what <see cref="Open"/> asks first.</summary>
    /// <param name="address">Where it is.</param>
    /// <exception cref="ArgumentException">There is no endpoint at the address.</exception>
    /// <exception cref="PciException">It would not; the message says why.</exception>
    public void CheckOpen(PciAddress address) => VfioPci.CheckOpen(this, FindEndpoint(address));

    /// <summary>Whether the messages and the DMA of a function's group are confined, as the host's hardware stands now.</summary>
    public UnitCondition Judge(HostFunction function)
    {
        ArgumentNullException.ThrowIfNull(function);
        return !Platform.TranslatesDma ? new UnitCondition(false, "no IOMMU translates its DMA: it can write any interrupt message there is")
            : function.Bus.HostBridge.Unit.Examine();
    }

    /// <summary>
    /// Whether they are confined, and stay so as long as the host is as it is: what can be told to somebody who maps a table's page now. Hardware that checks nothing
    /// confines all messages as long as nobody has any; the flag of the bus knows better.
    /// </summary>
    internal UnitCondition Promise(HostFunction function) => Judge(function) is var now && now.IsIsolating && !function.Bus.HasIsolatedMsis
        ? new UnitCondition(false, "messages are confined for the moment, since no other function has any; the host bridge gives its buses no flag")
        : now;

    /// <summary>Reads memory, or the registers that are there, as the host's processors do.</summary>
    /// <param name="address">In the host's address space.</param>
    /// <param name="destination">What is there: all ones where nothing answers.</param>
    /// <returns>Whether something answers.</returns>
    public bool TryReadMemory(ulong address, Span<byte> destination)
    {
        destination.Fill(byte.MaxValue);
        return Access(false, address, destination, []);
    }

    /// <summary>Writes memory, or registers, as the host's processors do.</summary>
    /// <inheritdoc cref="TryReadMemory"/>
    public bool TryWriteMemory(ulong address, ReadOnlySpan<byte> source) => Access(false, address, [], source);

    /// <summary>Plugs a function into an empty place, as a hot-plug port does.</summary>
    /// <param name="bus">The bus.</param>
    /// <param name="plan">Where on it, and who holds it.</param>
    /// <param name="models">Makes the function, and each of its virtual ones.</param>
    /// <exception cref="ArgumentException">The place is taken, does not fit the function, or has no addresses left for it.</exception>
    public EndpointFunction Plug(HostBus bus, FunctionPlan plan, Func<FunctionPlan, EmulatedFunction> models)
    {
        ArgumentNullException.ThrowIfNull(bus);
        ArgumentNullException.ThrowIfNull(plan);
        ArgumentNullException.ThrowIfNull(models);
        PlanRules.CheckPlugging(bus, plan);
        return new Firmware(this, models).Plug(bus, plan);
    }

    /// <summary>Asks whoever has an endpoint open to let go of it, as an operator who unbinds it does (<c>VFIO_PCI_REQ_ERR_IRQ_INDEX</c>).</summary>
    /// <param name="address">Where it is.</param>
    /// <exception cref="ArgumentException">There is no endpoint at the address.</exception>
    public void AskForRelease(PciAddress address) => FindEndpoint(address).AskForRelease();

    /// <summary>
    /// Takes an endpoint out, without asking: a driver in this process that has it open finds it lost (<see cref="DeviceLostException"/>).
    /// </summary>
    /// <param name="address">Where it is; its virtual functions go with it.</param>
    /// <exception cref="ArgumentException">There is no endpoint at the address.</exception>
    /// <exception cref="DeviceBusyException">It, or one of its virtual functions, is served to another process: end that first.</exception>
    public void Unplug(PciAddress address)
    {
        EndpointFunction physical = FindEndpoint(address);
        EndpointFunction[] all = [.. physical.VirtualFunctions, physical];
        if (all.FirstOrDefault(function => function.IsServed) is { } served)
        {
            throw new DeviceBusyException("unplug", $"{served.Address} is served to another process: end its server first", served.Address, (int)Errno.EBUSY);
        }

        foreach (EndpointFunction function in all)
        {
            function.Vanish();
            lock (Gate)
            {
                if (function.Group is not null)
                {
                    function.Bus.HostBridge.Domain.Dismiss(function.Source);
                }

                groups.Remove(function);
                functions.Remove(function.Address);
                function.Bus.Remove(function);
            }
        }

        if (physical.Bus is { Functions.Count: 0, Bridge: not null } empty)
        {
            empty.Windows.Clear();
        }
    }

    /// <summary>A function is there.</summary>
    internal void Add(HostFunction function)
    {
        lock (Gate)
        {
            functions.Add(function.Address, function);
            function.Bus.Add(function);
        }
    }

    /// <summary>A function's registers tell what it is: it joins its group.</summary>
    internal void Group(HostFunction function)
    {
        lock (Gate)
        {
            groups.Add(function);
            if (function is EndpointFunction endpoint)
            {
                function.Bus.HostBridge.Domain.Admit(endpoint.Source);
            }
        }
    }

    /// <summary>The memory that a function reaches whose DMA nothing translates; null where an IOMMU does.</summary>
    internal HostMemory? UntranslatedFor(HostFunction function) => Platform.TranslatesDma ? null : memory;

    /// <summary>Whether a range of a function's bus addresses means something else than memory.</summary>
    internal bool Reserves(HostFunction function, Iova first, Iova last) =>
        !Platform.DmaRanges.Any(range => range.First.Value <= first.Value && last.Value <= range.Last.Value) || function.Bus.HostBridge.Unit.IsMessage(first.Value);

    private static int Count(ImmutableArray<SlotPlan> slots) =>
        slots.Sum(slot => 1 + (slot is FunctionPlan function ? function.VirtualFunctions : Count(((BridgePlan)slot).Slots)));

    private bool Access(bool isPort, ulong address, Span<byte> read, ReadOnlySpan<byte> write)
    {
        foreach (HostBridge bridge in HostBridges)
        {
            foreach (HostFunction function in bridge.RootBus.Functions.ToArray())
            {
                if (function.Access(isPort, address, read, write))
                {
                    return true;
                }
            }
        }

        return !isPort && (read.IsEmpty ? memory.TryWrite(address, write) : memory.TryRead(address, read));
    }

    private EndpointFunction FindEndpoint(PciAddress address) =>
        Find(address) as EndpointFunction ?? throw new ArgumentException($"{address} is a bridge", nameof(address));
}
