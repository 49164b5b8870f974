using System.Globalization;
using System.Text.Json;
using VfioSharp.Cli.Tests.Audit;

namespace VfioSharp.Cli.Tests.Plan;

/// <summary><c>vfio plan</c>: the decision without hardware.</summary>
public sealed class PlanTests
{
    private const string Example = "--bar 64K --table 0x5200 --vectors 129 --pba 0xd600 --page-size 4K --verdict notIsolated";

    [Fact]
    public void The_example_of_the_contract_traps_the_tables_page_and_maps_the_PBAs()
    {
        CliRun run = Plan(Example + " --json");
        run.Status.ShouldBe(0);
        JsonElement table = run.Json();
        AuditDocument.CheckTable(table);
        table.GetProperty("access").GetString().ShouldBe("trapped");
        table.GetProperty("reason").GetString().ShouldBe("msisNotIsolated");
        AuditDocument.Ranges(table, "mapped").ShouldBe([(0x0, 0x5000), (0x6000, 0xa000)]);
        AuditDocument.Ranges(table, "trapped").ShouldBe([(0x5000, 0x1000)]);
        table.GetProperty("explain").GetString()!.ShouldContain("0x5000-0x5fff");
        table.EnumerateObject().Select(property => property.Name).ShouldBe(["access", "reason", "mapped", "trapped", "explain"]);
    }

    [Theory]
    [InlineData("isolated", "requireIsolation", "mapped", "msisIsolated")]
    [InlineData("isolated", "neverMap", "trapped", "policyForbids")]
    [InlineData("isolated", "acceptRisk", "mapped", "msisIsolated")]
    [InlineData("notIsolated", "requireIsolation", "trapped", "msisNotIsolated")]
    [InlineData("notIsolated", "neverMap", "trapped", "policyForbids")]
    [InlineData("notIsolated", "acceptRisk", "mapped", "riskAccepted")]
    [InlineData("unknown", "requireIsolation", "trapped", "isolationUnknown")]
    [InlineData("unknown", "neverMap", "trapped", "policyForbids")]
    [InlineData("unknown", "acceptRisk", "mapped", "riskAccepted")]
    public void Every_rule_meets_every_verdict(string verdict, string rule, string access, string reason)
    {
        const string Layout = "--bar 16K --table 0x2000 --vectors 8 --pba 0x3000 --json";
        Decided($"{Layout} --verdict {verdict} --rule {rule}").ShouldBe((access, reason));
        Decided($"{Layout} --verdict {verdict} --rule {rule} --backend none").ShouldBe(("trapped", "backendCannotMap"));
        Decided($"{Layout} --verdict {verdict} --rule {rule} --backend 0+0x2000,0x3000+4K").ShouldBe(("trapped", "backendHidesTable"));
        Decided($"{Layout} --verdict {verdict} --rule {rule} --backend 0+0x2800,0x2800+0x1800").ShouldBe((access, reason));
        Decided($"{Layout} --verdict {verdict.ToUpperInvariant()} --rule {rule.ToUpperInvariant()} --backend WHOLE").ShouldBe((access, reason));
    }

    [Fact]
    public void Without_a_verdict_a_rule_a_page_size_and_a_PBA_the_careful_ones_are_taken()
    {
        Decided("--bar 16K --table 0x2000 --vectors 8 --json").ShouldBe(("trapped", "isolationUnknown"));
        JsonElement table = Plan("--bar 16K --table 0x2000 --vectors 8 --json").Json();
        AuditDocument.Ranges(table, "trapped").ShouldBe([(0x2000, 0x1000)]);
    }

    [Theory]
    [InlineData("whole", "0+16384", "")]
    [InlineData("none", "", "0+16384")]
    [InlineData("0+4K", "0+4096", "4096+12288")]
    [InlineData("0x1000+0x3000", "4096+12288", "0+4096")]
    [InlineData("0+4K,8K+8K", "0+4096 8192+8192", "4096+4096")]
    [InlineData("8K+8K,0+4K", "0+4096 8192+8192", "4096+4096")]
    [InlineData("0+8K,4K+8K", "0+12288", "12288+4096")]
    [InlineData("0+8K,8K+8K", "0+16384", "")]
    [InlineData("100+8K", "4096+4096", "0+4096 8192+8192")]
    [InlineData("0+0", "", "0+16384")]
    [InlineData("0+1G", "0+16384", "")]
    [InlineData("64K+4K", "", "0+16384")]
    [InlineData("16383+1", "", "0+16384")]
    public void What_the_backend_offers_is_rounded_inward_to_pages(string backend, string mapped, string trapped)
    {
        // Every page is offered or not; the table's own is mapped where it can be, as the verdict is isolated.
        JsonElement table = Plan($"--bar 16K --table 0x3000 --vectors 8 --verdict isolated --json --backend {backend}").Json();
        Text(table, "mapped").ShouldBe(mapped);
        Text(table, "trapped").ShouldBe(trapped);
    }

    [Theory]
    [InlineData("65536", 0x10000)]
    [InlineData("0x10000", 0x10000)]
    [InlineData("0X10000", 0x10000)]
    [InlineData("64K", 0x10000)]
    [InlineData("64k", 0x10000)]
    [InlineData("0x40K", 0x10000)]
    [InlineData("1M", 0x100000)]
    [InlineData("1m", 0x100000)]
    [InlineData("4G", 0x100000000)]
    [InlineData("0x4g", 0x100000000)]
    [InlineData("8589934592G", 0x8000000000000000)]
    [InlineData("9223372036854775808", 0x8000000000000000)]
    [InlineData("0x8000000000000000", 0x8000000000000000)]
    public void Sizes_are_decimal_or_hexadecimal_with_powers_of_1024(string size, ulong bytes)
    {
        JsonElement table = Plan($"--bar {size} --table 0 --vectors 1 --verdict isolated --json").Json();
        AuditDocument.Ranges(table, "mapped").ShouldBe([(0, bytes)]);
    }

    [Theory]
    [InlineData("17179869184G")]
    [InlineData("18014398509481984K")]
    [InlineData("17592186044416M")]
    [InlineData("0x4000000000000000K")]
    [InlineData("18446744073709551616")]
    [InlineData("0x10000000000000000")]
    [InlineData("-1")]
    [InlineData("+1")]
    [InlineData("1.5K")]
    [InlineData("64KB")]
    [InlineData("64KiB")]
    [InlineData("1T")]
    [InlineData("K")]
    [InlineData("0x")]
    [InlineData("0xK")]
    [InlineData("ten")]
    [InlineData("0x1 ")]
    [InlineData("1,000")]
    [InlineData("٣")]
    public void What_is_no_size_or_too_large_for_64_bits_is_refused_and_quoted(string size)
    {
        CliRun.Of("plan", "--bar", size, "--table", "0", "--vectors", "1").ShouldBeRefused(64, $"--bar {size}");
        CliRun.Of("plan", "--bar", "64K", "--table", size, "--vectors", "1").ShouldBeRefused(64, $"--table {size}");
        CliRun.Of("plan", "--bar", "64K", "--table", "0", "--vectors", "1", "--pba", size).ShouldBeRefused(64, $"--pba {size}");
        CliRun.Of("plan", "--bar", "64K", "--table", "0", "--vectors", "1", "--page-size", size).ShouldBeRefused(64, $"--page-size {size}");
        CliRun.Of("plan", "--bar", "64K", "--table", "0", "--vectors", "1", "--backend", $"0+{size}").ShouldBeRefused(64, "--backend");
    }

    [Theory]
    [InlineData("0xd600")]
    [InlineData("5:0")]
    [InlineData("0:0x5200")]
    [InlineData("3:4G")]
    public void The_PBA_may_lie_in_this_BAR_or_in_another(string pba) => Plan($"--bar 64K --table 0x5200 --vectors 129 --pba {pba}").Status
        .ShouldBe(pba == "3:4G" ? 64 : 0);

    [Fact]
    public void A_PBA_in_the_tables_own_place_in_another_BAR_shares_nothing_with_it()
    {
        CliRun elsewhere = Plan("--bar 64K --table 0x5200 --vectors 129 --pba 2:0x5200");
        elsewhere.Status.ShouldBe(0);
        elsewhere.Output.ShouldNotContain("PBA ");
        Plan("--bar 64K --table 0x5200 --vectors 129 --pba 0x5200").ShouldBeRefused(64, "pbaApart");
    }

    [Theory]
    [InlineData("6:0")]
    [InlineData("-1:0")]
    [InlineData("x:0")]
    [InlineData(":0")]
    [InlineData("0:")]
    [InlineData("0:0:0")]
    [InlineData("0x1:0")]
    public void What_is_no_place_of_a_PBA_is_refused_and_quoted(string pba) =>
        CliRun.Of("plan", "--bar", "64K", "--table", "0", "--vectors", "1", "--pba", pba).ShouldBeRefused(64, $"--pba {pba}", "BAR:OFFSET");

    [Theory]
    [InlineData("some")]
    [InlineData("0")]
    [InlineData("0+")]
    [InlineData("+4K")]
    [InlineData("0-4K")]
    [InlineData("0+4K,")]
    [InlineData("0+4K 8K+4K")]
    [InlineData("0xffffffffffffffff+1")]
    [InlineData("1+0xffffffffffffffff")]
    [InlineData("")]
    public void What_no_backend_can_say_is_refused_and_quoted(string backend) =>
        CliRun.Of("plan", "--bar", "64K", "--table", "0", "--vectors", "1", "--backend", backend).ShouldBeRefused(64, $"--backend {backend}", "OFFSET+LENGTH");

    [Theory]
    [InlineData("--bar 4K --table 0 --vectors 0", "vectorCount", "0 vectors")]
    [InlineData("--bar 1M --table 0 --vectors 2049", "vectorCount", "2049 vectors")]
    [InlineData("--bar 4K --table 0 --vectors=-1", "vectorCount", "-1 vectors")]
    [InlineData("--bar 0 --table 0 --vectors 1", "barLength")]
    [InlineData("--bar 8 --table 0 --vectors 1", "barLength", "0x8 bytes")]
    [InlineData("--bar 5000 --table 0 --vectors 1", "barLength", "0x1388 bytes")]
    [InlineData("--bar 0xffffffffffffffff --table 0 --vectors 1", "barLength")]
    [InlineData("--bar 4K --table 4 --vectors 1", "tableOffset", "0x4")]
    [InlineData("--bar 8G --table 4G --vectors 1", "tableOffset", "32 bits")]
    [InlineData("--bar 4K --table 4K --vectors 1", "tableInsideBar", "0x1000")]
    [InlineData("--bar 4K --table 0xff8 --vectors 1", "tableInsideBar", "0xff8")]
    [InlineData("--bar 16 --table 0 --vectors 2", "tableInsideBar")]
    [InlineData("--bar 4K --table 0 --vectors 1 --pba 0x801", "pbaOffset", "0x801")]
    [InlineData("--bar 4K --table 0 --vectors 1 --pba 1:4G", "pbaOffset", "32 bits")]
    [InlineData("--bar 4K --table 0 --vectors 1 --pba 4K", "pbaInsideBar", "0x1000")]
    [InlineData("--bar 4K --table 0 --vectors 65 --pba 0xff8", "pbaInsideBar", "0xff8")]
    [InlineData("--bar 4K --table 0 --vectors 1 --pba 8", "pbaApart", "0x8")]
    [InlineData("--bar 256 --table 0x80 --vectors 2 --pba 0x90", "pbaApart")]
    public void An_impossible_layout_is_refused_by_the_name_of_the_rule(string line, string rule, params string[] said)
    {
        Plan(line).ShouldBeRefused(64, ["impossible", $"({rule})", .. said]);
        Plan(line + " --json").ShouldBeRefused(64, $"({rule})");
    }

    [Fact]
    public void All_broken_rules_are_named_at_once() =>
        Plan("--bar 5000 --table 3 --vectors 0 --pba 5").ShouldBeRefused(64, "(barLength)", "(tableOffset)", "(vectorCount)", "(pbaOffset)");

    [Theory]
    [InlineData("--bar 4K --table 0xff0 --vectors 1", 0ul, 0x1000ul)]
    [InlineData("--bar 16 --table 0 --vectors 1", 0ul, 16ul)]
    [InlineData("--bar 256 --table 0x80 --vectors 2 --pba 0xa0", 0ul, 256ul)]
    [InlineData("--bar 64K --table 0x80 --vectors 2048", 0ul, 0x9000ul)]
    [InlineData("--bar 8K --table 0 --vectors 257", 0ul, 0x2000ul)]
    [InlineData("--bar 64K --table 0 --vectors 257", 0ul, 0x2000ul)]
    [InlineData("--bar 8G --table 0xfffff000 --vectors 256", 0xfffff000ul, 0x1000ul)]
    public void Trapped_are_the_pages_that_hold_a_byte_of_the_table_clipped_to_the_BAR(string line, ulong offset, ulong length) =>
        AuditDocument.Ranges(Plan(line + " --verdict notIsolated --json").Json(), "trapped").ShouldBe([(offset, length)]);

    [Theory]
    [InlineData("4K")]
    [InlineData("16K")]
    [InlineData("64K")]
    [InlineData("2M")]
    [InlineData("1G")]
    public void Any_page_size_of_a_machine_will_do(string pageSize) =>
        Plan($"--bar 4G --table 0x5200 --vectors 129 --page-size {pageSize} --verdict notIsolated --json").Status.ShouldBe(0);

    [Fact]
    public void The_text_says_the_sentence_and_draws_the_BAR()
    {
        CliRun run = Plan(Example);
        run.Output.ShouldStartWith(Plan(Example + " --json").Json().GetProperty("explain").GetString() + "\n");
        Golden.ShouldMatch(run.Output, "plan-example");
    }

    private static CliRun Plan(string line) => CliRun.Of(["plan", .. line.Split(' ')]);

    private static (string? Access, string? Reason) Decided(string line)
    {
        JsonElement table = Plan(line).Json();
        return (table.GetProperty("access").GetString(), table.GetProperty("reason").GetString());
    }

    private static string Text(JsonElement table, string list) =>
        string.Join(' ', AuditDocument.Ranges(table, list).Select(range => string.Create(CultureInfo.InvariantCulture, $"{range.Offset}+{range.Length}")));
}
