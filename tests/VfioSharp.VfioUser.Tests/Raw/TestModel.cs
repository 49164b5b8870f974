using System.Collections.Concurrent;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>A function that does what a test says and remembers what was asked of it. Its state beyond registers of the house is <see cref="Value"/>.</summary>
internal sealed class TestModel(FunctionLayout layout) : EmulatedFunction(layout)
{
    /// <summary>What was asked, in order.</summary>
    public ConcurrentQueue<string> Calls { get; } = [];

    public ulong Value { get; set; }

    public Func<int, ulong, int, ulong> Reads { get; set; } = (_, _, _) => 0;

    public Action<int, ulong, int, ulong> Writes { get; set; } = (_, _, _, _) => { };

    public Action<int, Doorbell> Rings { get; set; } = (_, _) => { };

    public Func<ValueTask> Resets { get; set; } = () => ValueTask.CompletedTask;

    public Func<ValueTask> Quiesces { get; set; } = () => ValueTask.CompletedTask;

    public Action<ulong> Checks { get; set; } = _ => { };

    public SystemMemory SystemMemory => Memory;

    public new void Raise(int vector) => base.Raise(vector);

    public new void SetIntx(bool asserted) => base.SetIntx(asserted);

    public new BarMemory MemoryOf(int bar, ByteRange range) => base.MemoryOf(bar, range);

    /// <summary>Lets it write to and read from memory, as its driver does (Bus Master Enable).</summary>
    public TestModel PowerOn()
    {
        Core.Write(Devices.Seam.RegionIndex.Configuration, 4, [6, 0]);
        return this;
    }

    public bool Read(Iova address, Span<byte> destination) => Memory.TryRead(address, destination);

    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        Calls.Enqueue($"read {width} at {bar}:{offset:x}");
        return Reads(bar, offset, width);
    }

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        Calls.Enqueue($"write {width} at {bar}:{offset:x} = {value:x}");
        Writes(bar, offset, width, value);
    }

    protected override void OnDoorbell(int bar, Doorbell bell)
    {
        Calls.Enqueue($"ring {bar}:{bell.Offset:x} {bell.Value}");
        Rings(bar, bell);
    }

    protected override async ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        Calls.Enqueue("reset");
        Value = 0;
        await Resets();
    }

    protected override async ValueTask QuiesceAsync(CancellationToken cancellationToken)
    {
        Calls.Enqueue("quiesce");
        await Quiesces();
    }

    protected override void OnResume() => Calls.Enqueue("resume");

    protected override async ValueTask SaveAsync(Stream destination, CancellationToken cancellationToken) =>
        await destination.WriteAsync(BitConverter.GetBytes(Value), cancellationToken);

    protected override async ValueTask RestoreAsync(Stream source, CancellationToken cancellationToken)
    {
        byte[] saved = new byte[sizeof(ulong)];
        await source.ReadExactlyAsync(saved, cancellationToken);
        Checks(BitConverter.ToUInt64(saved));
        Value = BitConverter.ToUInt64(saved);
    }
}
