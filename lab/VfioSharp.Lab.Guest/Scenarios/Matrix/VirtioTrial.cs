using System.Buffers.Binary;
using VfioSharp.Devices.Access;
using VfioSharp.Lab.Guest.Devices;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A virtio function: table and pending bits fill a BAR of one page.</summary>
internal sealed class VirtioTrial() : DeviceTrial("virtio", VirtioIdentity.Id)
{
    private const ushort EntropyQueues = 1;

    public override async Task RunAsync(Cell cell)
    {
        // The structure takes accesses of a field's own width only, and this one is 16 bits wide.
        await cell.TryAsync("identity", (function, _) =>
        {
            var virtio = VirtioIdentity.Find(function);
            using Bar bar = function.MapBar(virtio.Bar);
            ExpectMapped(bar, new ByteRange(virtio.QueueCount, sizeof(ushort)));
            Span<byte> data = stackalloc byte[sizeof(ushort)];
            function.ReadRegion(virtio.Bar, virtio.QueueCount, data);
            Expect.Equal(bar.Registers.Read16(virtio.QueueCount), EntropyQueues, "queues by the registers");
            Expect.Equal(BinaryPrimitives.ReadUInt16LittleEndian(data), EntropyQueues, "queues through the region");
            return Task.CompletedTask;
        });
        await TableTrial.RunAsync(cell);
    }
}
