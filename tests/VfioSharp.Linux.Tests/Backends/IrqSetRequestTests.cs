using System.Buffers.Binary;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.Linux.Backends;

namespace VfioSharp.Linux.Tests.Backends;

public class IrqSetRequestTests
{
    [Fact]
    public void Vectors_get_their_eventfds_and_lose_them()
    {
        using EventFd first = EventFd.Create(0, out _)!;
        using EventFd third = EventFd.Create(0, out _)!;
        Words(IrqSetRequest.Trigger(InterruptKind.Msix, 4, [first, null, third]))
            .ShouldBe([32, 0x24, 2, 4, 3, first.File.Number, -1, third.File.Number]); // DATA_EVENTFD | ACTION_TRIGGER
    }

    [Fact]
    public void All_vectors_are_turned_off_at_once() => Words(IrqSetRequest.Disable(InterruptKind.Msi)).ShouldBe([20, 0x21, 1, 0, 0]); // DATA_NONE | ACTION_TRIGGER

    [Fact]
    public void The_line_is_unmasked() => Words(IrqSetRequest.Unmask(InterruptKind.Intx)).ShouldBe([20, 0x11, 0, 0, 1]); // DATA_NONE | ACTION_UNMASK

    private static int[] Words(byte[] request) =>
        [.. Enumerable.Range(0, request.Length / sizeof(int)).Select(i => BinaryPrimitives.ReadInt32LittleEndian(request.AsSpan(i * sizeof(int))))];
}
