using System.Buffers.Binary;
using System.Collections.Immutable;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>
/// An emulated function in its place on a virtual host. It signals as hardware does, by writing what its MSI-X table or MSI capability holds; that
/// write, and its DMA where messages are taken, go through the host bridge's isolation unit.
/// </summary>
public sealed class EndpointFunction : HostFunction, IFunctionPlacement, IBusMemory
{
    private readonly VirtualHost host;
    private readonly Dictionary<(InterruptKind Kind, int Vector), MessageBlock> blocks = [];
    private volatile FunctionPort? port;
    private NativeDriver? native;
    private long dmaFaults;

    internal EndpointFunction(VirtualHost host, HostBus bus, RequesterId id, EmulatedFunction model, bool isMultiFunction, EndpointFunction? physicalFunction)
        : base(bus, id, isMultiFunction)
    {
        this.host = host;
        Model = model;
        PhysicalFunction = physicalFunction;
    }

    /// <summary>The function itself.</summary>
    public EmulatedFunction Model { get; }

    /// <summary>The physical function whose virtual function this is; null where it is none.</summary>
    public EndpointFunction? PhysicalFunction { get; }

    /// <summary>Its virtual functions, by number.</summary>
    public ImmutableArray<EndpointFunction> VirtualFunctions { get; internal set; } = [];

    /// <summary>Who holds it.</summary>
    public FunctionDriver Driver { get; private set; }

    /// <summary>How often processors took an interrupt that the host had given to one of its vectors, whoever raised it.</summary>
    public long Interrupts
    {
        get
        {
            lock (host.Gate)
            {
                return blocks.Values.SelectMany(block => block.Interrupts).Sum(interrupt => host.Processors.Find(interrupt)?.Count ?? 0);
            }
        }
    }

    /// <summary>How often it tried to reach memory that nobody shows it.</summary>
    public long DmaFaults => Volatile.Read(ref dmaFaults);

    /// <inheritdoc/>
    internal override PciExpressPortType? PortType =>
        !Model.Layout.IsPciExpress ? null : Bus.Bridge is null ? PciExpressPortType.RootComplexIntegratedEndpoint : PciExpressPortType.Endpoint;

    /// <summary>Itself, as the host's MSI code sees it.</summary>
    internal MessageSource Source => new(Address, Aliases, Group?.Number ?? -1);

    /// <summary>The messages that it was given.</summary>
    internal ImmutableArray<MessageBlock> Blocks
    {
        get
        {
            lock (host.Gate)
            {
                return [.. blocks.Values];
            }
        }
    }

    /// <summary>The vectors that the host's own driver has enabled; none where it does not hold the function.</summary>
    internal (InterruptKind Kind, int Count) NativeVectors => native is { } driver ? (driver.Kind, driver.Vectors) : (InterruptKind.Intx, 0);

    /// <inheritdoc/>
    PciAddress IFunctionPlacement.Address => Address;

    /// <inheritdoc/>
    IsolationVerdict IFunctionPlacement.Isolation => host.Promise(this).IsIsolating ? IsolationVerdict.Isolated : IsolationVerdict.NotIsolated;

    /// <inheritdoc/>
    string? IFunctionPlacement.IsolationAdvice => host.Options.Advice;

    /// <inheritdoc/>
    void IFunctionPlacement.Open(FunctionPort port)
    {
        VfioPci.CheckOpen(host, this);
        Bus.HostBridge.Domain.Recover(Source);
        this.port = port;
    }

    /// <inheritdoc/>
    void IFunctionPlacement.Close() => port = null;

    /// <inheritdoc/>
    bool IFunctionPlacement.Reserves(Iova first, Iova last) => host.Reserves(this, first, last);

    /// <inheritdoc/>
    bool IBusMemory.IsStopped => Bus.HostBridge.Unit.StopsDma(SeenAs);

    /// <inheritdoc/>
    bool IBusMemory.TryRead(ulong address, Span<byte> destination)
    {
        if (host.UntranslatedFor(this)?.TryRead(address, destination) == true)
        {
            return true;
        }

        Interlocked.Increment(ref dmaFaults);
        return false;
    }

    /// <inheritdoc/>
    bool IBusMemory.TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        IsolationUnit unit = Bus.HostBridge.Unit;
        if (unit.IsMessage(address) || unit.IsMessage(address + (ulong)source.Length - 1))
        {
            if (source.Length == sizeof(uint) && (address & 3) == 0)
            {
                return Signal(address, BinaryPrimitives.ReadUInt32LittleEndian(source)) is { IsDelivered: true };
            }

            unit.ReceiveMisshapen(SeenAs, address);
            return false;
        }

        if (host.UntranslatedFor(this)?.TryWrite(address, source) == true)
        {
            return true;
        }

        Interlocked.Increment(ref dmaFaults);
        return false;
    }

    /// <inheritdoc/>
    void IFunctionPlacement.Post(ulong address, uint data) => Post(address, data);

    /// <inheritdoc/>
    (ulong Address, uint Data) IFunctionPlacement.Assign(InterruptKind kind, int vector, int count) => Assign(kind, vector, count);

    /// <inheritdoc/>
    void IFunctionPlacement.Release(InterruptKind kind) => Release(kind);

    /// <inheritdoc cref="IFunctionPlacement.Post"/>
    internal void Post(ulong address, uint data)
    {
        IsolationUnit unit = Bus.HostBridge.Unit;
        if (unit.IsMessage(address) && (address & 3) == 0)
        {
            Signal(address, data);
        }
        else
        {
            // The table may hold any address: then the message is plain DMA.
            Span<byte> bytes = stackalloc byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(bytes, data);
            Model.Core.Memory.TryWrite(new Iova(address), bytes);
        }
    }

    /// <summary>Sends a message to the host bridge's unit; what is delivered, a processor takes.</summary>
    /// <returns>What became of it; null where a bridge above does not let the function send.</returns>
    internal MessageOutcome? Signal(ulong address, uint data)
    {
        if (!Bus.ForwardsUpstream)
        {
            return null;
        }

        MessageOutcome outcome = Bus.HostBridge.Unit.Receive(SeenAs, address, data);
        if (outcome.IsDelivered)
        {
            host.Processors.Raise(outcome.Interrupt);
        }

        return outcome;
    }

    /// <inheritdoc cref="IFunctionPlacement.Assign"/>
    internal (ulong Address, uint Data) Assign(InterruptKind kind, int vector, int count)
    {
        lock (host.Gate)
        {
            if (blocks.GetValueOrDefault((kind, vector)) is not { } block)
            {
                block = Bus.HostBridge.Domain.Allocate(Source, count)
                    ?? throw new PciException("enable interrupts", $"the host has no interrupts left for {Address}: give fewer vectors to others", Address, (int)Errno.ENOSPC);
                blocks.Add((kind, vector), block);
                host.Processors.Assign(this, kind, vector, block);
            }

            return (block.Address, block.Data);
        }
    }

    /// <inheritdoc cref="IFunctionPlacement.Release"/>
    internal void Release(InterruptKind kind)
    {
        lock (host.Gate)
        {
            foreach ((InterruptKind Kind, int Vector) key in blocks.Keys.Where(key => key.Kind == kind).ToArray())
            {
                blocks.Remove(key, out MessageBlock? block);
                host.Processors.Remove(block!);
                Bus.HostBridge.Domain.Free(block!);
            }
        }
    }

    /// <summary>An interrupt of a vector's was taken.</summary>
    internal void Arrive(InterruptKind kind, int vector) => port?.Arrive(kind, vector);

    /// <summary>Whether a client in another process has it open.</summary>
    internal bool IsServed => port is { Client: not PciFunction };

    /// <summary>Asks the client to let go of it.</summary>
    internal void AskForRelease()
    {
        if (port is { Client: PciFunction driver })
        {
            driver.RequestRemoval();
        }
        else
        {
            port?.Trigger(InterruptKind.Request, 0);
        }
    }

    /// <summary>It is taken out: it sends nothing any more, and whoever drives it finds it lost.</summary>
    internal void Vanish()
    {
        native?.Unbind();
        native = null;
        Driver = FunctionDriver.None;
        FunctionCore core = Model.Core;
        using (core.EnterControl())
        {
            core.Configuration.Set16(ConfigurationImage.Command, (ushort)PciCommand.BusMaster, false);
        }

        (port?.Client as PciFunction)?.Lose();
        core.Placement = null;
        core.Memory.Bus = null;
    }

    /// <summary>Changes who holds it.</summary>
    /// <exception cref="DeviceBusyException">Somebody has it open.</exception>
    internal void Bind(FunctionDriver driver)
    {
        if (port is not null)
        {
            throw new DeviceBusyException("bind", $"{Address} is open: close it first", Address, (int)Errno.EBUSY);
        }

        native?.Unbind();
        native = null;
        Driver = driver;
        if (driver == FunctionDriver.Native)
        {
            native = new NativeDriver(this);
            native.Bind();
        }
    }

    /// <inheritdoc/>
    internal override void ReadConfiguration(int offset, Span<byte> data) => Model.Core.Read(RegionIndex.Configuration, (ulong)offset, data);

    /// <inheritdoc/>
    internal override void WriteConfiguration(int offset, ReadOnlySpan<byte> data) => Model.Core.Write(RegionIndex.Configuration, (ulong)offset, data);

    /// <inheritdoc/>
    internal override bool Access(bool isPort, ulong address, Span<byte> read, ReadOnlySpan<byte> write)
    {
        foreach (BarResource bar in BarSet.FromHeader(ReadConfiguration()))
        {
            if (Model.Layout.Bar(bar.Index) is { } layout && (bar.Kind == BarKind.Io) == isPort && address - bar.Address < layout.Length)
            {
                ulong offset = address - bar.Address;
                return read.IsEmpty ? Model.Core.Write(bar.Index, offset, write) : Model.Core.Read(bar.Index, offset, read);
            }
        }

        return false;
    }
}
