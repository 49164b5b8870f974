using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>An NVMe controller in full use: each interrupt follows a page that it wrote to memory.</summary>
internal sealed class UnplugNvmeLoad(PciFunction function, MsixVectors vectors, NvmeAdmin admin) : UnplugLoad(function, vectors)
{
    private readonly Bar bar = function.MapBar(0);

    public override Registers Registers => bar.Registers;

    /// <summary>Admin Queue Attributes, to which what it holds is written again (NVMe Base 2.0, 3.1.3.8).</summary>
    public override ulong Scratch => 0x24;

    protected override uint ScratchValue => 31 | (31 << 16);

    protected override ulong Identity => NvmeAdmin.Version;

    public override void Dispose()
    {
        admin.Dispose();
        bar.Dispose();
        base.Dispose();
    }

    protected override Task InterruptAsync(InterruptVector vector) => admin.IdentifyAsync(vector, CancellationToken.None);
}
