using VfioSharp.Linux.Binding.Use;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding.Use;

public sealed class NetworkUsesTests
{
    private const string SixDefault = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 fe800000000000000000000000000001 00000400 00000001 00000000 00000003     eth0";
    private const string SixRejects = "00000000000000000000000000000000 00 00000000000000000000000000000000 00 00000000000000000000000000000000 ffffffff 00000001 00000000 00200200     eth0";

    private readonly MemoryTree tree = Hosts.Usual();
    private readonly string function;

    public NetworkUsesTests() => function = tree.FunctionWith("igb");

    [Fact]
    public void The_interface_of_the_default_route_is_found()
    {
        tree.Interface("eth0", function).Routes(Hosts.DefaultRoute("eth0"));
        Uses().ShouldHaveSingleItem().ShouldStartWith("eth0 is up and has the default route: ");
    }

    [Fact]
    public void An_interface_without_the_default_route_may_be_taken()
    {
        tree.Interface("eth0", function).Routes("eth0\t0000A8C0\t00000000\t0001\t0\t0\t100\t00FFFFFF\t0\t0\t0", Hosts.DefaultRoute("eth1"));
        Uses().ShouldBeEmpty();
    }

    [Theory]
    [InlineData("0203")] // rejects
    [InlineData("0002")] // is not up
    public void A_default_route_that_leads_nowhere_does_not_count(string flags)
    {
        tree.Interface("eth0", function).Routes(Hosts.DefaultRoute("eth0", flags));
        Uses().ShouldBeEmpty();
    }

    [Fact]
    public void An_interface_that_is_down_may_be_taken()
    {
        tree.Interface("eth0", function, isUp: false).Routes(Hosts.DefaultRoute("eth0"));
        Uses().ShouldBeEmpty();
    }

    [Theory]
    [InlineData(SixDefault, 1)]
    [InlineData(SixRejects, 0)]
    public void The_default_route_of_ipv6_counts_as_much(string line, int uses)
    {
        tree.Interface("eth0", function);
        tree.AddFile("proc/net/ipv6_route", line + "\n");
        Uses().Length.ShouldBe(uses);
    }

    [Fact]
    public void A_default_route_through_what_is_stacked_on_the_interface_is_found()
    {
        tree.Interface("eth0", function, uppers: "bond0").Interface("bond0", null, uppers: ["bond0.7", "eth0"]).Interface("bond0.7", null, uppers: "br0").Interface("br0", null)
            .Routes(Hosts.DefaultRoute("br0"));
        Uses().ShouldHaveSingleItem().ShouldStartWith("eth0 is up and has the default route (through br0): ");
    }

    private string[] Uses() =>
        [.. new NetworkUses(tree).Below(tree.ResolveLink($"sys/bus/pci/devices/{function}")!).Select(use => use.ToString())];
}
