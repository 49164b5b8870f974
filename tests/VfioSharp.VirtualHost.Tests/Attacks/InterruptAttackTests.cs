using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Attacks;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Attacks;

/// <summary>
/// The property that all is about: where the hardware says that it isolates, no function raises an interrupt that the host gave to another group, and
/// each try is a counted fault; where it says that it does not, a way is found.
/// </summary>
public class InterruptAttackTests
{
    private const int HostsAPlatform = 70;
    private static readonly AttackOptions Options = new() { VictimsAFunction = 12, GuessesAFunction = 60 };

    public static TheoryData<string> All => [.. KnownHosts.All.Keys.Order()];

    public static TheoryData<string> Isolating => [.. KnownHosts.Isolating.Keys.Order()];

    public static TheoryData<string> Open => [.. KnownHosts.Open.Keys.Order()];

    [Theory, MemberData(nameof(All))]
    public void A_host_isolates_exactly_where_no_way_across_groups_is_found(string platform) => Fuzz.Run(HostsAPlatform, random =>
    {
        VirtualHost host = VirtualHost.Create(KnownHosts.All[platform], RandomPlan.Of(random, KnownHosts.All[platform].Bridge), Hosts.Model);
        (long delivered, long blocked) = Counts(host);
        AttackReport report = Attack(host, Options with { Seed = random.Below(int.MaxValue) });
        report.Functions.Length.ShouldBeGreaterThan(2);
        foreach (FunctionAttack attack in report.Functions)
        {
            UnitCondition condition = host.Judge(host.Find(attack.Attacker));
            attack.Victims.ShouldBeGreaterThan(0);
            attack.Attempts.ShouldBeGreaterThan(0);
            (attack.Breaches == 0).ShouldBe(condition.IsIsolating, $"{attack.Attacker}: {condition.Reason}; {string.Join(", ", attack.Shown)}");
            (attack.Blocked + attack.Own + attack.Unassigned + attack.Breaches).ShouldBe(attack.Attempts);
        }

        Counts(host).ShouldBe((delivered + report.Attempts - report.Blocked, blocked + report.Blocked), "all that is not delivered is a counted fault");
    });

    [Theory, MemberData(nameof(Isolating))]
    public void Where_MSIs_are_isolated_the_flag_the_hardware_and_the_kernel_agree(string platform)
    {
        VirtualHost host = Two(KnownHosts.Isolating[platform]);
        host.Functions.ShouldAllBe(function => function.Bus.HasIsolatedMsis && host.Judge(function).IsIsolating);
        host.Platform.KernelTakesForIsolated.ShouldNotBe(false);
    }

    // Where they disagree it is for one reason each: who asks only whether remapping is on takes it for isolation, and a filter is no fence without an IOMMU.
    [Theory]
    [InlineData("no IOMMU", false, false, false)]
    [InlineData("VT-d, advertised only", false, false, false)]
    [InlineData("VT-d, nosid", false, false, true)]
    [InlineData("VT-d, compatibility format", false, false, true)]
    [InlineData("AMD-Vi, advertised only", false, false, false)]
    [InlineData("GICv2m", false, false, false)]
    [InlineData("GICv2m without SMMU", false, false, false)]
    [InlineData("ITS without SMMU", true, true, false)]
    [InlineData("IMSIC, shared files", false, false, false)]
    public void Where_they_are_not_each_says_what_it_knows(string platform, bool flag, bool unit, bool kernel)
    {
        VirtualHost host = Two(KnownHosts.Open[platform]);
        HostFunction function = host.Functions.OfType<EndpointFunction>().First();
        function.Bus.HasIsolatedMsis.ShouldBe(flag);
        function.Bus.HostBridge.Unit.Examine().IsIsolating.ShouldBe(unit);
        host.Platform.KernelTakesForIsolated.ShouldBe(kernel);
        host.Judge(function).IsIsolating.ShouldBeFalse();
    }

    [Theory, MemberData(nameof(Open))]
    public void What_gets_through_was_really_raised_and_can_be_repeated_by_what_is_shown(string platform)
    {
        VirtualHost host = Two(KnownHosts.Open[platform]);
        AttackReport report = Attack(host);
        Breach breach = report.Functions.SelectMany(function => function.Shown).First();
        breach.Victim.ShouldNotBe(breach.Attacker);
        var victim = (EndpointFunction)host.Find(breach.Victim);
        victim.Interrupts.ShouldBeGreaterThan(0);
        victim.Blocks.SelectMany(block => block.Interrupts).ShouldContain(breach.Interrupt);
        if (breach.Way != AttackWay.HostTable)
        {
            long before = victim.Interrupts;
            ((EndpointFunction)host.Find(breach.Attacker)).Post(breach.Address, breach.Data);
            victim.Interrupts.ShouldBe(before + 1);
        }
    }

    [Fact]
    public void A_filter_without_an_IOMMU_falls_by_its_tables_alone()
    {
        AttackReport report = Attack(Two(KnownHosts.Open["ITS without SMMU"]));
        report.Breaches.ShouldBeGreaterThan(0);
        report.Functions.SelectMany(function => function.Shown).ShouldAllBe(breach => breach.Way == AttackWay.HostTable);
    }

    [Theory, MemberData(nameof(All))]
    public void An_attack_leaves_the_host_as_it_was(string platform)
    {
        VirtualHost host = Two(KnownHosts.All[platform]);
        Attack(host);
        foreach (EndpointFunction function in host.Functions.OfType<EndpointFunction>().Where(function => !function.Blocks.IsEmpty))
        {
            function.Bus.HostBridge.Domain.Recover(function.Source);
            long before = function.Interrupts;
            ((PlainFunction)function.Model).Signal(0);
            function.Interrupts.ShouldBe(before + 1, $"{function.Address}");
        }
    }

    [Fact]
    public void An_attack_can_be_given_up()
    {
        using var stop = new CancellationTokenSource();
        stop.Cancel();
        Should.Throw<OperationCanceledException>(() => InterruptAttack.Run(Two(Hosts.Vtd), stop: stop.Token));
    }

    private static AttackReport Attack(VirtualHost host, AttackOptions? options = null) =>
        InterruptAttack.Run(host, options, stop: TestContext.Current.CancellationToken);

    // Two functions of the host's, and one in a user's hands.
    private static VirtualHost Two(VirtualHostOptions options) => options.Bridge == HostBridgeKind.S390
        ? Hosts.Of(options, Hosts.Function(1), Hosts.Function(2), Hosts.Function(3) with { Driver = FunctionDriver.VfioPci })
        : Hosts.Of(options, Hosts.Port(1, Hosts.Function(0)), Hosts.Port(2, Hosts.Function(0)), Hosts.Port(3, Hosts.Function(0) with { Driver = FunctionDriver.VfioPci }));

    private static (long Delivered, long Blocked) Counts(VirtualHost host) =>
        (host.HostBridges.Sum(bridge => bridge.Unit.Delivered), host.HostBridges.Sum(bridge => bridge.Unit.Blocked));
}
