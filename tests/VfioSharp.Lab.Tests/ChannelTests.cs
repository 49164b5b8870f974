using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests;

/// <summary>The frame itself: words reach the guest, results and signals the host, and what goes wrong inside is told outside.</summary>
public class ChannelTests
{
    private static readonly Machine Small = Catalogue.X64("6.12", Iommu.None, "edu");

    [Fact]
    public async Task Host_and_guest_talk_both_ways()
    {
        GuestRun run = await Lab.RunAsync(Small, "echo", ["one", "two=2"], async guest =>
        {
            await guest.WaitForSignalAsync("ready");
            (await guest.Qmp.ExecuteAsync("query-status", stop: TestContext.Current.CancellationToken)).GetProperty("status").GetString().ShouldBe("running");
            await guest.SendLineAsync("ünïcode and spaces");
        });

        run.ShouldHaveSucceeded();
        run.One("arguments").Texts("words").ShouldBe(["one", "two=2"]);
        run.One("reply").Text("line").ShouldBe("ünïcode and spaces");
    }

    [Fact]
    public async Task A_scenario_that_throws_is_a_failed_check_of_a_machine_that_powers_off()
    {
        GuestRun run = await Lab.RunAsync(Small, "no-such-scenario");

        run.HasEnded.ShouldBeTrue(run.Describe());
        run.ExitStatus.ShouldBe(0, run.Describe());
        run.One("scenario").Outcome.ShouldBe(GuestOutcome.Failed);
        run.Describe().ShouldContain("there is no scenario 'no-such-scenario'");
    }

    [Fact]
    public async Task A_machine_that_hangs_is_ended_at_its_time_limit()
    {
        Machine hanging = Small with { TimeLimit = TimeSpan.FromSeconds(8) };

        GuestRun run = await Lab.RunAsync(hanging, "echo");

        run.HasEnded.ShouldBeFalse();
        run.ExitStatus.ShouldBeNull();
        run.EmulatorText.ShouldContain("time limit");
    }
}
