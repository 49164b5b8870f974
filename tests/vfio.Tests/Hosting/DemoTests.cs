using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Hosting;

/// <summary>vfio demo: a doorbell beside the table costs a message each time, or none.</summary>
public partial class DemoTests
{
    [Fact]
    public void A_doorbell_costs_no_message_where_MSIs_are_isolated_and_one_each_time_where_they_are_not()
    {
        CliRun run = CliRun.Of("demo", "--times", "200");
        run.Status.ShouldBe((int)ExitStatus.Ok);
        run.Error.ShouldBeEmpty();
        Row().Matches(run.Output).Select(row => (row.Groups["page"].Value, row.Groups["messages"].Value)).ShouldBe([("mapped", "0"), ("trapped", "400")]);
        run.Output.ShouldContain("Intel VT-d: mapped (msisIsolated; ");
        run.Output.ShouldContain("Intel VT-d, intremap=off: trapped (msisNotIsolated; ");
    }

    [Theory]
    [InlineData("9")]
    [InlineData("100000001")]
    [InlineData("many")]
    public void A_number_is_asked_for(string times) => CliRun.Of("demo", "--times", times).Status.ShouldBe((int)ExitStatus.Usage);

    [GeneratedRegex(@"^Intel VT-d.*\s(?<page>mapped|trapped)\s+(?<messages>\d+)\s", RegexOptions.Multiline)]
    private static partial Regex Row();
}
