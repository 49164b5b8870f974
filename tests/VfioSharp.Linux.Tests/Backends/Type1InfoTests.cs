using System.Buffers.Binary;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop.IommuFd;
using VfioSharp.Linux.Backends;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Linux.Tests.Backends;

public class Type1InfoTests
{
    [Fact]
    public void Ranges_page_sizes_and_free_entries_are_read()
    {
        Type1Info info = Type1Info.Read(Reply());
        info.PageSizes.ShouldBe(0xffff_ffff_ffff_f000);
        string.Join(' ', info.Ranges!.Value).ShouldBe("0x0-0xfedfffff 0xfef00000-0x7fffffffff");
        info.AvailableMappings.ShouldBe(65535);
    }

    [Fact]
    public void Older_kernels_say_less()
    {
        byte[] reply = Reply();
        reply[4] = 1; // page sizes, no capabilities
        Type1Info.Read(reply).ShouldBe(new Type1Info(0xffff_ffff_ffff_f000, null, null));
        Type1Info.Read(reply.AsSpan(0, 16)).ShouldBe(new Type1Info(0, null, null));
    }

    [Fact]
    public void A_count_that_lies_is_cut_to_what_is_there()
    {
        byte[] reply = Reply();
        BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(24 + 8), uint.MaxValue);
        Type1Info.Read(reply).Ranges!.Value.Length.ShouldBe(2);
    }

    [Fact]
    public void Whatever_the_reply_is_it_is_read_to_an_end() => Fuzz.Run(5000, random =>
    {
        byte[] reply = Reply();
        for (int i = random.Below(6); i >= 0; i--)
        {
            reply[random.Below(reply.Length)] = (byte)random.Next();
        }

        Type1Info info = Type1Info.Read(reply.AsSpan(0, random.OneIn(3) ? random.Below(reply.Length + 1) : reply.Length));
        IovaRange[] ranges = [.. info.Ranges ?? []];
        for (int i = 1; i < ranges.Length; i++)
        {
            (ranges[i].First > ranges[i - 1].Last).ShouldBeTrue("apart and ascending");
        }
    });

    [Fact]
    public void An_iommufd_s_ranges_have_at_least_the_page_s_alignment()
    {
        DmaLimits limits = IoasDomain.ToLimits([new IommuIovaRange { start = 0x1_0000, last = 0x1_ffff }, new IommuIovaRange { start = 0, last = 0xfff }], 1);
        string.Join(' ', limits.Ranges).ShouldBe("0x0-0xfff 0x10000-0x1ffff");
        limits.PageSizes.ShouldBe((ulong)Environment.SystemPageSize);
        IoasDomain.ToLimits([], 0x1_0000).PageSizes.ShouldBe(0x1_0000UL);
    }

    // vfio_iommu_type1_info, then the ranges at 0x18 and the free entries at 0x48.
    private static byte[] Reply()
    {
        byte[] reply = new byte[0x54];
        Write32(0, (uint)reply.Length);
        Write32(4, 3);
        Write64(8, 0xffff_ffff_ffff_f000);
        Write32(16, 0x18);
        Write16(0x18, 1);
        Write32(0x1c, 0x48);
        Write32(0x20, 2);
        Write64(0x28, 0xfef0_0000);
        Write64(0x30, 0x7f_ffff_ffff);
        Write64(0x38, 0);
        Write64(0x40, 0xfedf_ffff);
        Write16(0x48, 3);
        Write32(0x50, 65535);
        return reply;

        void Write16(int at, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(reply.AsSpan(at), value);
        void Write32(int at, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(reply.AsSpan(at), value);
        void Write64(int at, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(reply.AsSpan(at), value);
    }
}
