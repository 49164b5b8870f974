using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Testing.Faults;

namespace VfioSharp.Testing.Tests.Faults;

public class DeterminismTests
{
    private const string Rules = "write-register drop 1/7; read-register corrupt 1/5; write-register duplicate 1/11 after=2";

    [Fact]
    public async Task The_same_seed_does_the_same()
    {
        (string log, ulong[] written, uint[] read) = await RunAsync(42);
        (string again, ulong[] writtenAgain, uint[] readAgain) = await RunAsync(42);
        again.ShouldBe(log);
        writtenAgain.ShouldBe(written);
        readAgain.ShouldBe(read);
        (await RunAsync(43)).Log.ShouldNotBe(log);
        log.Split('\n')[0].ShouldStartWith($"seed=42; {Rules}: ");
    }

    [Fact]
    public async Task About_one_in_so_many_goes_wrong()
    {
        var probe = new Probe();
        await using PciFunction function = Probe.Attach(probe, "seed=5; write-register drop 1/10", out FunctionFaults faults);
        Probe.Count(function.MapBar(0).Registers, 10_000);

        // Binomial: 1000 expected, deviation 30; the seed is fixed.
        faults.Log.Count.ShouldBeInRange(850, 1150);
        probe.Written.Count.ShouldBe(10_000 - (int)faults.Log.Count);
    }

    [Fact]
    public async Task What_threads_do_to_each_other_changes_nothing_of_a_rules_decisions()
    {
        string[] logs = await Task.WhenAll(ThreadsAsync(), ThreadsAsync(), ThreadsAsync());
        logs[1].ShouldBe(logs[0]);
        logs[2].ShouldBe(logs[0]);
    }

    private static async Task<string> ThreadsAsync()
    {
        await using FaultyFunction function = FaultyFunction.Wrap(
            Loopback.Attach(new Probe()), FaultPlan.Parse("seed=9; write-register drop 1/3 first=0 last=3; write-register drop 1/3 first=8 last=11"));
        Registers registers = function.MapBar(0).Registers;
        await Task.WhenAll(new ulong[] { 0, 8 }.Select(offset => Task.Run(() =>
        {
            for (uint i = 0; i < 500; i++)
            {
                registers.Write32(offset, i);
            }
        })));
        return function.Log.ToString();
    }

    private static async Task<(string Log, ulong[] Written, uint[] Read)> RunAsync(ulong seed)
    {
        var probe = new Probe();
        await using PciFunction function = Probe.Attach(probe, $"seed={seed}; {Rules}", out FunctionFaults faults);
        Registers registers = function.MapBar(0).Registers;
        uint[] read = new uint[300];
        for (uint i = 0; i < read.Length; i++)
        {
            registers.Write32(0, i);
            read[i] = registers.Read32(0);
        }

        return (faults.Log.ToString(), [.. probe.Written], read);
    }
}
