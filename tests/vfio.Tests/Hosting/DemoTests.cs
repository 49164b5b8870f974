using System.Globalization;
using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Hosting;

/// <summary>vfio demo: each step says what it is there to show.</summary>
public partial class DemoTests
{
    [Fact]
    public void It_shows_verified_IO_doorbells_mapped_and_trapped_and_the_refusal()
    {
        CliRun run = CliRun.Of("demo", "--time", "0.1");
        run.Status.ShouldBe(0, run.Error);
        run.Error.ShouldBeEmpty();
        run.Output.ShouldContain("1. This host\n");
        run.Output.ShouldContain("BAR 0, 4K pages, mapped (msisIsolated)");
        run.Output.ShouldContain("256 pieces of 16K: all the same.");
        run.Output.ShouldContain("Refused: group ");
        run.Output.ShouldContain("is not isolated: interrupt remapping is not enabled");
        run.Output.ShouldEndWith("A client of its server is turned away for the same reason.\n");

        // A mapped doorbell is a store and costs no message, a trapped one costs one each.
        Dictionary<string, Match> rows = Row().Matches(run.Output).ToDictionary(row => row.Groups["name"].Value);
        Match mapped = rows["mapped"];
        Match trapped = rows["trapped"];
        (mapped.Groups["messages"].Value, trapped.Groups["messages"].Value).ShouldBe(("0.00", "1.00"));
        mapped.Groups["each"].Value.ShouldBe("0.00");
        double.Parse(trapped.Groups["each"].Value, CultureInfo.InvariantCulture).ShouldBeGreaterThan(1);
    }

    [Theory]
    [InlineData("0")]
    [InlineData("3601")]
    [InlineData("long")]
    public void A_time_is_asked_for(string time) => CliRun.Of("demo", "--time", time).Status.ShouldBe((int)ExitStatus.Usage);

    [GeneratedRegex(@"^   (?<name>mapped|trapped) +[\d.]+ [nu]s +(?<messages>[\d.]+) +\d+ +\d+ +(?<each>[\d.]+)$", RegexOptions.Multiline)]
    private static partial Regex Row();
}
