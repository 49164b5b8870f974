using VfioSharp.Devices.Regions;

namespace VfioSharp.Devices.Tests.Regions;

/// <summary>What is wrong with a list of capabilities is said, and what came before it holds.</summary>
public class RegionCapabilitiesTests
{
    [Theory]
    [InlineData("flags=0xf size=0x4000 cap=0x8", "a capability at 0x8 would lie in the description itself")]
    [InlineData("flags=0xf size=0x4000 cap=0x1f", "a capability at 0x1f would lie in the description itself")]
    [InlineData("flags=0xf size=0x4000 cap=0x20", "a capability at 0x20 does not lie in the 0x20 bytes that were given")]
    [InlineData("flags=0xf size=0x4000 cap=0xfffffff8 | @0x20 id=3", "a capability at 0xfffffff8 does not lie in the 0x28 bytes that were given")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x21", "a capability at 0x21 does not lie in the 0x28 bytes that were given")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 | cut=0x27", "a capability at 0x20 does not lie in the 0x27 bytes that were given")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x20", "the chain of capabilities comes back to 0x20")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x28 | @0x28 id=98 next=0x30 | @0x30 id=98 next=0x28", "the chain of capabilities comes back to 0x28")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x24 | @0x28 id=3", "the capability at 0x24 overlaps the one at 0x20")]
    public void A_broken_chain_is_a_finding(string info, string finding)
    {
        RegionCapabilities capabilities = RegionCapabilities.Read(RegionBytes.Of(info));
        capabilities.Findings.ShouldBe([finding]);
        capabilities.IsEmpty.ShouldBeFalse();
        capabilities.IsPresent.ShouldBeTrue();
    }

    [Theory]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x28 | @0x28 id=1 count=9 areas=0x0+0x1000", "the list of areas says that it holds 9, and has room for 1")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x30 | @0x30 id=1 count=0xffffffff areas=0x0+0x1000", "the list of areas says that it holds 4294967295, and has room for 1")]
    [InlineData("flags=0xf size=0x4000 cap=0x20 | @0x20 id=3 next=0x28 | @0x28 id=1", "the list of areas is cut off before its count")]
    [InlineData("flags=0xf size=0x4000 cap=0x28 | @0x20 id=3 | @0x28 id=1 next=0x20 areas=0x0+0x1000,0xffffffffffffff00+0x1000", "area 1 goes round the end of the address space")]
    public void A_broken_list_of_areas_is_a_finding_and_the_rest_holds(string info, string finding)
    {
        RegionCapabilities capabilities = RegionCapabilities.Read(RegionBytes.Of(info));
        capabilities.Findings.ShouldBe([finding]);
        capabilities.IsMsixMappable.ShouldBeTrue();
    }

    [Fact]
    public void Areas_that_run_into_the_next_capability_are_not_made_of_it()
    {
        // The capability at 0x40 begins where the second area would be.
        RegionCapabilities capabilities = RegionCapabilities.Read(RegionBytes.Of(
            "flags=0xf size=0x4000 cap=0x20 | @0x20 id=1 next=0x40 count=2 areas=0x0+0x1000 | @0x40 id=3"));
        capabilities.Areas!.Value.Length.ShouldBe(1);
        capabilities.Findings.ShouldHaveSingleItem();
        capabilities.IsMsixMappable.ShouldBeTrue();
    }

    [Fact]
    public void No_list_is_not_an_empty_list()
    {
        RegionCapabilities.Read(RegionBytes.Of("flags=0x7 size=0x4000 cap=0x20 | @0x20 id=3")).ShouldBe(RegionCapabilities.None);
        RegionCapabilities.None.IsEmpty.ShouldBeFalse();
        RegionCapabilities.Read(RegionBytes.Of("flags=0xf size=0x4000")).IsEmpty.ShouldBeTrue();
    }
}
