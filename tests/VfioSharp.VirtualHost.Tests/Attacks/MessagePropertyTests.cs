using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Attacks;

/// <summary>
/// What holds for every message of every function on a host that isolates, whether its MSI-X table holds it or DMA writes it: FsCheck looks for one for which
/// it does not, and makes it small.
/// </summary>
public class MessagePropertyTests
{
    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(4_000, longFactor: 100));

    public static TheoryData<string> Isolating => [.. KnownHosts.Isolating.Keys.Order()];

    [Theory, MemberData(nameof(Isolating))]
    public void It_raises_what_its_own_group_was_given_or_what_nobody_was_or_is_a_counted_fault(string platform)
    {
        VirtualHost host = VirtualHost.Create(KnownHosts.Isolating[platform], RandomPlan.Of(new FuzzRandom(4711), KnownHosts.Isolating[platform].Bridge), Hosts.Model);
        EndpointFunction[] functions = [.. host.Functions.OfType<EndpointFunction>()];
        MessageBlock[] blocks = [.. functions.SelectMany(function => function.Blocks)];
        functions.Length.ShouldBeGreaterThan(2);
        blocks.ShouldNotBeEmpty();

        Gen<(EndpointFunction Sender, ulong Address, uint Data, bool ByDma)> sent =
            from sender in Gen.Elements(functions)
            from near in Gen.Elements(blocks)
            from bits in Gen.Choose(2, 63).ListOf()
            from data in Gen.OneOf(
                Gen.Choose(0, 300).Select(offset => near.Data + (uint)offset), Gen.Choose(0, 31).Select(bit => near.Data ^ (1u << bit)), ArbMap.Default.GeneratorFor<uint>())
            from byDma in Gen.Elements(true, false)
            select (sender, bits.Take(3).Aggregate(near.Address, (address, bit) => address ^ (1UL << bit)), data, byDma);
        Prop.ForAll(sent.ToArbitrary(), message => IsHarmless(host, message.Sender, message.Address, message.Data, message.ByDma)).Check(Config);
    }

    private static bool IsHarmless(VirtualHost host, EndpointFunction sender, ulong address, uint data, bool byDma)
    {
        IsolationUnit unit = sender.Bus.HostBridge.Unit;
        sender.Bus.HostBridge.Domain.Recover(sender.Source);
        var others = host.Functions.OfType<EndpointFunction>().Where(other => other != sender && (sender.Group is null || other.Group != sender.Group)).ToArray();
        long raised = others.Sum(other => other.Interrupts);
        long judged = unit.Delivered + unit.Blocked;
        if (byDma)
        {
            ((PlainFunction)sender.Model).WriteMemory(address, BitConverter.GetBytes(data));
            if (!sender.Model.Core.Configuration.CanMaster)
            {
                sender.Signal(address, data); // who drives it would turn it on
            }
        }
        else
        {
            sender.Post(address, data);
        }

        bool isCounted = !unit.IsMessage(address) || unit.Delivered + unit.Blocked == judged + 1;
        return isCounted && others.Sum(other => other.Interrupts) == raised;
    }
}
