using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>A function that does what a test says and remembers what was asked of it.</summary>
internal sealed class TestFunction(FunctionLayout layout) : EmulatedFunction(layout)
{
    public List<string> Calls { get; } = [];

    public Func<int, ulong, int, ulong> Reads { get; set; } = (_, _, _) => 0;

    public Action<int, ulong, int, ulong> Writes { get; set; } = (_, _, _, _) => { };

    public Action<int, Doorbell> Rings { get; set; } = (_, _) => { };

    public Func<ValueTask> Resets { get; set; } = () => ValueTask.CompletedTask;

    public Func<ValueTask> Quiesces { get; set; } = () => ValueTask.CompletedTask;

    public Func<Stream, ValueTask> Saves { get; set; } = _ => ValueTask.CompletedTask;

    public Func<Stream, ValueTask> Restores { get; set; } = _ => ValueTask.CompletedTask;

    public SystemMemory SystemMemory => Memory;

    public static FunctionLayout LayoutOf(params BarLayout[] bars) =>
        new() { Identity = new(0x1234, 0x5678, new(1, 8, 2), Revision: 9, SubsystemVendorId: 0xAAAA, SubsystemId: 0xBBBB), Bars = [.. bars] };

    public new void Raise(int vector) => base.Raise(vector);

    public new void SetIntx(bool asserted) => base.SetIntx(asserted);

    public new BarMemory MemoryOf(int bar, ByteRange range) => base.MemoryOf(bar, range);

    public bool Read(Iova address, Span<byte> destination) => Memory.TryRead(address, destination);

    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        Calls.Add($"read {width} at {bar}:{offset:x}");
        return Reads(bar, offset, width);
    }

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        Calls.Add($"write {width} at {bar}:{offset:x} = {value:x}");
        Writes(bar, offset, width, value);
    }

    protected override void OnDoorbell(int bar, Doorbell bell)
    {
        Calls.Add($"ring {bell.Width} at {bar}:{bell.Offset:x}{(bell.Value is { } value ? $" = {value:x}" : "")}");
        Rings(bar, bell);
    }

    protected override async ValueTask ResetAsync(CancellationToken cancellationToken)
    {
        Calls.Add("reset");
        await Resets();
    }

    protected override async ValueTask QuiesceAsync(CancellationToken cancellationToken)
    {
        Calls.Add("quiesce");
        await Quiesces();
    }

    protected override void OnResume() => Calls.Add("resume");

    protected override ValueTask SaveAsync(Stream destination, CancellationToken cancellationToken) => Saves(destination);

    protected override ValueTask RestoreAsync(Stream source, CancellationToken cancellationToken) => Restores(source);
}
