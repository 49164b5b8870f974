using System.Text.Json;

namespace VfioSharp.Cli.Tests.Hosting;

/// <summary><c>vfio host --attack</c>: what gets through, counted and shown.</summary>
public sealed class HostAttackTests
{
    public static TheoryData<string, int, bool> Switches => HostSwitches.All;

    [Theory]
    [MemberData(nameof(Switches))]
    public void It_ends_with_1_where_something_got_through_and_with_0_where_nothing_did(string options, int status, bool isOpen)
    {
        _ = status;
        CliRun text = HostSwitches.Run(options, "--attack");
        text.Status.ShouldBe(isOpen ? 1 : 0);
        text.Error.ShouldBeEmpty();
        text.Output.Contains("which is vector", StringComparison.Ordinal).ShouldBe(isOpen);

        CliRun json = HostSwitches.Run(options, "--attack", "--json");
        json.Status.ShouldBe(text.Status);
        JsonElement report = json.Json();
        (report.GetProperty("breaches").GetInt64() > 0).ShouldBe(isOpen);
        text.Output.ShouldEndWith(
            $"\n{report.GetProperty("attempts")} messages tried, {report.GetProperty("blocked")} blocked, {report.GetProperty("breaches")} raised an interrupt of another group.\n");
    }

    [Theory]
    [InlineData("--bridge vtd --nosid")]
    [InlineData("--bridge s390")]
    [InlineData("--bridge none")]
    public void Each_message_that_was_tried_has_one_end(string options)
    {
        JsonElement report = HostSwitches.Run(options, "--attack", "--json").Json();
        report.GetProperty("schema").GetString().ShouldBe("vfiosharp.attack/1");
        JsonElement[] functions = [.. report.GetProperty("functions").EnumerateArray()];
        foreach (JsonElement function in functions)
        {
            function.GetProperty("attempts").GetInt64().ShouldBe(
                ((string[])["blocked", "ownGroup", "unassigned", "breaches"]).Sum(end => function.GetProperty(end).GetInt64()));
            function.GetProperty("victims").GetInt32().ShouldBeGreaterThan(0);
            function.GetProperty("shown").GetArrayLength().ShouldBe((int)Math.Min(4, function.GetProperty("breaches").GetInt64()));
            function.GetProperty("group").ValueKind.ShouldBe(options == "--bridge none" ? JsonValueKind.Null : JsonValueKind.Number);
        }

        foreach (string count in (string[])["attempts", "blocked", "breaches"])
        {
            report.GetProperty(count).GetInt64().ShouldBe(functions.Sum(function => function.GetProperty(count).GetInt64()));
        }
    }

    [Fact]
    public void What_is_shown_is_an_interrupt_of_a_function_of_another_group()
    {
        JsonElement[] functions = [.. HostSwitches.Run("--bridge v2m", "--attack", "--json").Json().GetProperty("functions").EnumerateArray()];
        var groups = functions.ToDictionary(function => function.GetProperty("address").GetString()!, function => function.GetProperty("group").GetInt32());
        foreach (JsonElement function in functions)
        {
            foreach (JsonElement breach in function.GetProperty("shown").EnumerateArray())
            {
                groups[breach.GetProperty("victim").GetString()!].ShouldNotBe(function.GetProperty("group").GetInt32());
                breach.GetProperty("way").GetString().ShouldBeOneOf("dma", "msixTable");

                // MSI_SETSPI_NS, 0x40 from the start of a frame (Arm BSA, GICv2m).
                breach.GetProperty("address").GetString()!.ShouldEndWith("040");
            }
        }
    }

    [Fact]
    public void Who_reaches_the_hosts_memory_changes_its_tables() =>
        HostSwitches.Run("--bridge its --no-iommu", "--attack").Output.ShouldContain("with the host's tables changed by DMA, its own message 0x");

    [Fact]
    public void It_is_the_same_for_the_same_seed()
    {
        string first = HostSwitches.Run("--bridge vtd --nosid", "--attack", "--seed", "7").Output;
        HostSwitches.Run("--bridge vtd --nosid", "--attack", "--seed", "7").Output.ShouldBe(first);
        HostSwitches.Run("--bridge vtd --nosid", "--attack", "--seed", "8").Output.ShouldNotBe(first);
        HostSwitches.Run("--bridge vtd --nosid", "--attack", "--seed", "1").Output.ShouldBe(HostSwitches.Run("--bridge vtd --nosid", "--attack").Output);
    }
}
