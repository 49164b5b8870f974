using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;
using static VfioSharp.Nvme.Tests.Controller.RawDriver;

namespace VfioSharp.Nvme.Tests.Controller;

public class IoCommandTests
{
    public static TheoryData<NvmeDoorbells, MsixTableLocation> Layouts => new()
    {
        { NvmeDoorbells.Mapped, MsixTableLocation.Shared },
        { NvmeDoorbells.Mapped, MsixTableLocation.Own },
        { NvmeDoorbells.Trapped, MsixTableLocation.Shared },
        { NvmeDoorbells.Trapped, MsixTableLocation.Own },
    };

    [Theory]
    [MemberData(nameof(Layouts))]
    public async Task What_was_written_is_read_back(NvmeDoorbells doorbells, MsixTableLocation table)
    {
        await using RawDriver driver = Start(options => options with { Doorbells = doorbells, MsixTable = table });
        RawQueue queue = driver.CreateQueue(1);
        DmaBuffer data = driver.Allocate(2 * PageSize);
        for (int i = 0; i < PageSize; i++)
        {
            data.Span[i] = (byte)(i * 7);
        }

        // Far more than a turn of the queue: phases and doorbells wrap.
        for (ulong block = 0; block < 200; block++)
        {
            data.Span[0] = (byte)block;
            queue.Execute(Io(IoOpcode.Write, block * 8, 8, data.Iova.Value)).Status.ShouldBe(NvmeStatus.Success);
        }

        for (ulong block = 0; block < 200; block++)
        {
            data.Slice(PageSize, PageSize).Clear();
            queue.Execute(Io(IoOpcode.Read, block * 8, 8, data.Iova.Value + PageSize)).Status.ShouldBe(NvmeStatus.Success);
            data.Span[0] = (byte)block;
            data.Slice(PageSize, PageSize).SequenceEqual(data.Slice(0, PageSize)).ShouldBeTrue();
        }
    }
}
