using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>An igb in full use.</summary>
internal sealed class UnplugIgbLoad : UnplugLoad
{
    private readonly Igb igb;

    public UnplugIgbLoad(PciFunction function, MsixVectors vectors)
        : base(function, vectors)
    {
        igb = new Igb(function);
        igb.EnableCauses(1);
    }

    public override Registers Registers => igb.Registers;

    /// <summary>The first of the ether type filters, which nothing uses here (Intel 82576 datasheet, 8.10.12).</summary>
    public override ulong Scratch => 0x5CB0;

    protected override uint ScratchValue => 0x0800;

    protected override ulong Identity => Igb.ReceiveAddressLow;

    public override void Dispose()
    {
        igb.Dispose();
        base.Dispose();
    }

    protected override async Task InterruptAsync(InterruptVector vector)
    {
        igb.Fire(vector.Index);
        await vector.WaitAsync();
    }
}
