using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Testing.Faults;

namespace VfioSharp.Testing.Tests.Faults;

/// <summary>What goes wrong with registers, the same on either side.</summary>
public class RegisterFaultTests
{
    public static TheoryData<bool> Sides => [true, false];

    [Theory, MemberData(nameof(Sides))]
    public Task A_dropped_write_never_arrives(bool inside) => Writes(inside, "write-register drop skip=1 limit=1", [1, 3, 4]);

    [Theory, MemberData(nameof(Sides))]
    public Task A_delayed_write_arrives_after_those_that_follow(bool inside) => Writes(inside, "write-register delay skip=0 limit=1 after=2", [2, 3, 1, 4]);

    [Theory, MemberData(nameof(Sides))]
    public Task A_duplicated_write_arrives_twice(bool inside) => Writes(inside, "write-register duplicate skip=1 limit=1", [1, 2, 2, 3, 4]);

    [Theory, MemberData(nameof(Sides))]
    public Task The_second_can_arrive_later(bool inside) => Writes(inside, "write-register duplicate limit=1 after=1", [1, 2, 1, 3, 4]);

    [Theory, MemberData(nameof(Sides))]
    public Task A_corrupted_write_arrives_with_bits_flipped(bool inside) =>
        Writes(inside, "write-register corrupt skip=3 byte=1 mask=0x103", [1, 2, 3, 0x01_0304]);

    [Theory, MemberData(nameof(Sides))]
    public Task A_rule_is_for_the_registers_that_it_names(bool inside) => Writes(inside, "write-register drop first=0x4; write-register drop bar=2", [1, 2, 3, 4]);

    [Theory, MemberData(nameof(Sides))]
    public async Task A_dropped_read_gives_all_ones(bool inside)
    {
        var probe = new Probe();
        await using PciFunction function = Open(probe, inside, "read-register drop skip=1 limit=1", out FaultLog log);
        Registers registers = function.MapBar(0).Registers;
        new[] { registers.Read32(0), registers.Read32(0), registers.Read32(0) }.ShouldBe([Probe.Value, uint.MaxValue, Probe.Value]);
        log.Read().ShouldHaveSingleItem().ToString().ShouldBe("rule 0, event 1: drop: read-register 4 bytes at 0x0 of BAR 0");
    }

    [Theory, MemberData(nameof(Sides))]
    public async Task A_read_can_have_bits_flipped_or_be_made_twice(bool inside)
    {
        var probe = new Probe();
        await using PciFunction function = Open(probe, inside, "read-register corrupt limit=1 byte=3 mask=0x80; read-register duplicate skip=1 limit=1", out _);
        Registers registers = function.MapBar(0).Registers;
        registers.Read32(0).ShouldBe(Probe.Value | 0x8000_0000);
        probe.Reads.ShouldBe(1);
        registers.Read32(0).ShouldBe(Probe.Value);
        probe.Reads.ShouldBe(3);
    }

    [Fact]
    public async Task A_bit_that_the_dice_choose_is_one_bit()
    {
        var probe = new Probe();
        await using PciFunction function = Open(probe, true, "read-register corrupt", out _);
        Registers registers = function.MapBar(0).Registers;
        uint[] flipped = [.. Enumerable.Range(0, 200).Select(_ => registers.Read32(0) ^ Probe.Value)];
        flipped.ShouldAllBe(bits => uint.PopCount(bits) == 1);
        flipped.Distinct().Count().ShouldBeGreaterThan(20);
    }

    [Theory, MemberData(nameof(Sides))]
    public async Task A_removed_function_answers_no_more(bool inside)
    {
        var probe = new Probe();
        await using PciFunction function = Open(probe, inside, "write-register remove skip=2", out _);
        Registers registers = function.MapBar(0).Registers;
        Probe.Count(registers, 4);
        registers.Read32(0).ShouldBe(uint.MaxValue);
        probe.Written.ShouldBe([1UL, 2UL]);
        probe.Reads.ShouldBe(0);
        function.IsLost.ShouldBe(!inside);
        function.Removing.IsCancellationRequested.ShouldBe(!inside);
    }

    private static async Task Writes(bool inside, string rules, ulong[] expected)
    {
        var probe = new Probe();
        await using PciFunction function = Open(probe, inside, rules, out _);
        Probe.Count(function.MapBar(0).Registers, 4);
        probe.Written.ShouldBe(expected);
    }

    private static PciFunction Open(Probe probe, bool inside, string rules, out FaultLog log)
    {
        if (inside)
        {
            PciFunction function = Probe.Attach(probe, $"seed=1; {rules}", out FunctionFaults faults);
            log = faults.Log;
            return function;
        }

        FaultyFunction faulty = FaultyFunction.Wrap(Loopback.Attach(probe), FaultPlan.Parse($"seed=1; {rules}"));
        log = faulty.Log;
        return faulty;
    }
}
