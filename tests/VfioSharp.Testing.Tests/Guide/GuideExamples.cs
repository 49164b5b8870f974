using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Testing.Faults;
using VfioSharp.Testing.Guards;
using VfioSharp.Testing.Tests.Faults;

namespace VfioSharp.Testing.Tests.Guide;

/// <summary>What docs/guides/testing.md shows, run. What stands between two lines of dashes is quoted there, word for word.</summary>
public class GuideExamples
{
    [Fact]
    public async Task A_lost_write()
    {
        var model = new Probe();

        // -----
        FaultPlan plan = FaultPlan.Parse("seed=7; write-register drop 1/20");
        await using FaultyFunction function = FaultyFunction.Wrap(Loopback.Attach(model), plan);
        using Bar bar = function.MapBar(0);
        bar.Registers.Write32(0, 42); // arrives, or does not
        string whatHappened = function.Log.ToString();
        // -----

        whatHappened.ShouldStartWith("seed=7; write-register drop 1/20: ");
    }

    [Fact]
    public async Task A_function_that_does_wrong()
    {
        var model = new Probe();

        // -----
        using FunctionFaults faults = FunctionFaults.Inject(model, FaultPlan.Parse("seed=7; write-memory corrupt 1/50; interrupt drop 1/20"));
        await using PciFunction function = Loopback.Attach(model);
        // drive it …
        bool keptToItsMemory = faults.StrayCount == 0;
        // -----

        keptToItsMemory.ShouldBeTrue();
    }

    [Fact]
    public async Task Guarded_buffers()
    {
        var model = new Probe();

        // -----
        GuardedFunction guarded = GuardedFunction.Wrap(Loopback.Attach(model));
        await using (guarded)
        {
            using DmaBuffer buffer = guarded.Dma.Allocate(100);
            // drive it …
        }

        guarded.Check(); // throws a GuardException that names the buffer and the byte
        // -----
    }
}
