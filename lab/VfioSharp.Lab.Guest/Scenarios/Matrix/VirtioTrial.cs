using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A virtio function: table and pending bits fill a BAR of one page.</summary>
internal sealed class VirtioTrial() : DeviceTrial("virtio", VirtioIdentity.Id)
{
    private const ulong HighHalf = 0xFFFF_0000;

    public override async Task RunAsync(Cell cell)
    {
        // num_queues is the upper half of its 32 bits: an entropy source has one.
        await IdentityAsync(
            cell,
            function =>
            {
                var virtio = VirtioIdentity.Find(function);
                return (virtio.Bar, virtio.QueueCount & ~3UL);
            },
            value => (value & HighHalf) == 1 << 16);
        await TableTrial.RunAsync(cell);
    }
}
