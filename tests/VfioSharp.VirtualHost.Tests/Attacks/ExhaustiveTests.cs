using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Attacks;

/// <summary>Small hosts, and every message that could matter there: no bit of an address that is left out alone, no data of 16 bits at all.</summary>
public class ExhaustiveTests
{
    private const uint DataValues = 1 << 16;

    public static TheoryData<string> Isolating => [.. KnownHosts.Isolating.Keys.Order()];

    public static TheoryData<string> Open => [.. KnownHosts.Open.Keys.Except(["ITS without SMMU"]).Order()];

    [Theory, MemberData(nameof(Isolating))]
    public void No_message_of_one_function_is_an_interrupt_of_the_other(string platform) => Reached(platform).ShouldBeEmpty();

    [Theory, MemberData(nameof(Open))]
    public void Some_message_of_one_function_is_an_interrupt_of_the_other(string platform) => Reached(platform).ShouldNotBeEmpty();

    private static HashSet<HostInterrupt> Reached(string platform)
    {
        VirtualHostOptions options = KnownHosts.All[platform];
        VirtualHost host = options.Bridge == HostBridgeKind.S390
            ? Hosts.Of(options, Hosts.Function(1), Hosts.Function(2))
            : Hosts.Of(options, Hosts.Port(1, Hosts.Function(0)), Hosts.Port(2, Hosts.Function(0)));
        EndpointFunction[] endpoints = [.. host.Functions.OfType<EndpointFunction>()];
        (EndpointFunction attacker, EndpointFunction victim) = (endpoints[0], endpoints[1]);
        IsolationUnit unit = attacker.Bus.HostBridge.Unit;
        HashSet<HostInterrupt> wanted = [.. victim.Blocks.SelectMany(block => block.Interrupts)];
        wanted.Count.ShouldBe(8);
        HashSet<HostInterrupt> own = [.. attacker.Blocks.SelectMany(block => block.Interrupts)];
        own.Overlaps(wanted).ShouldBeFalse();

        HashSet<HostInterrupt> reached = [];
        ulong[] known = [.. victim.Blocks.SelectMany(block => victim.Bus.HostBridge.Domain.Forge(block)).Select(message => message.Address).Distinct()];
        foreach (ulong address in known.SelectMany(address => Enumerable.Range(2, 62).Select(bit => address ^ (1UL << bit))).Concat(known).Distinct().Where(unit.IsMessage))
        {
            for (uint data = 0; data < DataValues; data++)
            {
                if (unit.Filter(attacker.SeenAs, address, data) is { IsDelivered: true, Interrupt: var interrupt } && wanted.Contains(interrupt))
                {
                    reached.Add(interrupt);
                }
            }
        }

        return reached;
    }
}
