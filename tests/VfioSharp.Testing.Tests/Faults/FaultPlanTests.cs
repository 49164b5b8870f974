using VfioSharp.Testing.Faults;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Testing.Tests.Faults;

public class FaultPlanTests
{
    [Fact]
    public void A_plan_reads_as_it_is_written()
    {
        FaultPlan plan = FaultPlan.Parse("seed=7; interrupt drop 1/20; write-memory corrupt 1/50 length=4 byte=0 mask=0x1\n read-register drop bar=0 first=0x1c last=0x1f skip=3 limit=1");
        plan.Seed.ShouldBe(7UL);
        plan.Rules.ShouldBe(
        [
            new FaultRule(FaultTarget.Interrupt, FaultAction.Drop) { OneIn = 20 },
            new FaultRule(FaultTarget.MemoryWrite, FaultAction.Corrupt) { OneIn = 50, Length = 4, Byte = 0, Mask = 1 },
            new FaultRule(FaultTarget.RegisterRead, FaultAction.Drop) { Bar = 0, First = 0x1C, Last = 0x1F, Skip = 3, Limit = 1 },
        ]);
        plan.ToString().ShouldBe(
            "seed=7; interrupt drop 1/20; write-memory corrupt 1/50 length=4 byte=0 mask=0x1; read-register drop skip=3 limit=1 bar=0 first=0x1c last=0x1f");
    }

    [Fact]
    public void Any_plan_is_made_again_from_its_text() => Fuzz.Run(2000, random =>
    {
        var rules = new List<FaultRule>();
        while (rules.Count < random.Below(6))
        {
            FaultAction action = random.Pick(FaultAction.Drop, FaultAction.Delay, FaultAction.Duplicate, FaultAction.Corrupt, FaultAction.Remove);
            rules.Add(new FaultRule(random.Pick(FaultTarget.RegisterWrite, FaultTarget.MemoryWrite, FaultTarget.Interrupt), action)
            {
                OneIn = 1 + random.Below(100),
                Skip = random.Below(3),
                Limit = random.OneIn(2) ? random.Below(9) : null,
                Bar = random.OneIn(2) ? random.Below(6) : null,
                First = random.OneIn(2) ? random.Next() >> 32 : 0,
                Last = random.OneIn(2) ? ulong.MaxValue - (ulong)random.Below(9) : ulong.MaxValue,
                Length = random.OneIn(2) ? 1 << random.Below(4) : null,
                Vector = random.OneIn(2) ? random.Below(4) : null,
                After = 1 + random.Below(4),
                Byte = random.OneIn(2) ? random.Below(16) : null,
                Mask = random.OneIn(2) ? random.Next() : null,
                Shift = random.OneIn(2) ? random.Next() : 0,
            });
        }

        var plan = new FaultPlan(random.Next(), [.. rules]);
        FaultPlan.Parse(plan.ToString()).ShouldBe(plan);
    });

    [Theory]
    [InlineData("", "starts with its seed")]
    [InlineData("interrupt drop", "starts with its seed")]
    [InlineData("seed=x", "'x' is no number")]
    [InlineData("seed=1; interrupt", "does not start with a target")]
    [InlineData("seed=1; interrupts drop", "does not start with a target")]
    [InlineData("seed=1; interrupt vanish", "does not start with a target")]
    [InlineData("seed=1; interrupt 0", "does not start with a target")]
    [InlineData("seed=1; interrupt drop often", "'often' says nothing")]
    [InlineData("seed=1; interrupt drop 1/0", "at least 1")]
    [InlineData("seed=1; interrupt drop skip=-1", "'-1' is no number")]
    [InlineData("seed=1; interrupt delay", "a delay takes at least one event")]
    [InlineData("seed=1; read-memory drop", "read-memory cannot be subject to drop")]
    [InlineData("seed=1; read-register delay after=1", "read-register cannot be subject to delay")]
    [InlineData("seed=1; write-register refuse", "write-register cannot be subject to refuse")]
    [InlineData("seed=1; map-memory drop", "map-memory cannot be subject to drop")]
    [InlineData("seed=1; write-memory drop first=2 last=1", "end before they begin")]
    [InlineData("seed=1; read-register drop bar=6", "BARs are 0 to 5")]
    public void What_is_no_plan_is_refused_with_a_reason(string text, string reason) =>
        Should.Throw<FormatException>(() => FaultPlan.Parse(text)).Message.ShouldContain(reason);
}
