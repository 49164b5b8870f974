using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Backends;

namespace VfioSharp.Linux.Tests.Backends;

/// <summary>A group that no kernel knows.</summary>
internal sealed class FakeAttachment(VfioBackend backend = VfioBackend.Group) : Attachment
{
    private static int lastGroup = 1_000_000;

    public static int NextGroup => Interlocked.Increment(ref lastGroup);

    public bool IsGivenBack { get; private set; }

    public FakeDomain Mappings { get; } = new() { Limits = new DmaLimits([new IovaRange(new Iova(0), new Iova(0xffff))], 0x1000, int.MaxValue) };

    public override VfioBackend Backend => backend;

    public override DmaDomain Domain => Mappings;

    public override string? Judge => "vfio_iommu_type1";

    public override FileDescriptor? Proof => null;

    public override DeviceFile OpenDevice(OpenContext context) => throw new NotSupportedException();

    public override void Dispose()
    {
        IsGivenBack.ShouldBeFalse();
        IsGivenBack = true;
    }
}
