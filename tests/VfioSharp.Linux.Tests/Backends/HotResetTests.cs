using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Linux.Backends;

namespace VfioSharp.Linux.Tests.Backends;

public class HotResetTests
{
    [Fact]
    public void Proofs_of_ownership_follow_their_number()
    {
        using EventFd one = EventFd.Create(0, out _)!;
        using EventFd two = EventFd.Create(0, out _)!;
        int[] words = new int[5];
        Buffer.BlockCopy(HotReset.Encode([one.File, two.File]), 0, words, 0, 20);
        words.ShouldBe([20, 0, 2, one.File.Number, two.File.Number]);
        HotReset.Encode([]).Length.ShouldBe(12);
    }

    [Fact]
    public void Companions_are_named_by_their_addresses() =>
        HotReset.AddressOf(new VfioPciDependentDevice { segment = 0x10, bus = 0x81, devfn = 0xff }).ToString().ShouldBe("0010:81:1f.7");
}
