using System.Text.Json;
using VfioSharp.Cli.Tests.Audit;

namespace VfioSharp.Cli.Tests.Show;

/// <summary><c>vfio show</c>: everything about one function.</summary>
public sealed class ShowTests
{
    public static TheoryData<string, string> Functions => new()
    {
        { "x86-intel-ir", "0000:00:03.0" }, // registers, table and PBA in pages of their own on 4K
        { "x86-intel-noir", "0000:00:03.0" },
        { "x86-intel-noir", "0000:00:04.0" },
        { "x86-intel-ir", "0000:00:1f.2" }, // no MSI-X
        { "x86-intel-ir-rich", "0000:00:02.0" }, // a root port
        { "x86-intel-ir-rich", "0000:03:01.0" }, // a switch's downstream port
        { "x86-intel-ir-rich", "0000:08:00.0" }, // a physical function
        { "x86-intel-ir-rich", "0000:08:10.2" }, // a virtual one
        { "x86-intel-ir-rich", "0000:07:02.0" }, // behind a conventional bridge
        { "ppc64-powernv9", "0000:01:00.0" }, // 64K pages
        { "s390x-zpci", "0001:00:00.0" }, // nothing can be mapped
        { "arm64-smmuv3-its", "0000:00:05.0" },
    };

    [Theory]
    [MemberData(nameof(Functions))]
    public void The_text_is_the_golden_one(string host, string address) =>
        Golden.ShouldMatch(Show(host, address).Output, $"show-{host}-{address.Replace(':', '-')}");

    [Theory]
    [MemberData(nameof(Functions))]
    public void A_function_with_a_table_is_drawn_at_4K_16K_and_64K_as_the_audit_decides_there(string host, string address)
    {
        CliRun show = Show(host, address, "--json");
        JsonElement document = show.Json();
        document.GetProperty("schema").GetString().ShouldBe("vfiosharp.show/1");
        AuditDocument.Check(document.GetProperty("audit"));
        document.GetProperty("audit").GetProperty("functions").EnumerateArray().ShouldHaveSingleItem().GetProperty("address").GetString().ShouldBe(address);

        bool hasTable = document.GetProperty("audit").GetProperty("functions")[0].GetProperty("table").ValueKind == JsonValueKind.Object;
        JsonElement[] pages = [.. document.GetProperty("pages").EnumerateArray()];
        pages.Select(page => page.GetProperty("pageSize").GetInt32()).ShouldBe(hasTable ? [4096, 16384, 65536] : []);
        foreach (JsonElement page in pages)
        {
            AuditDocument.CheckTable(page.GetProperty("table"));
            string pageSize = page.GetProperty("pageSize").ToString();
            CliRun audit = CliRun.Of("audit", address, "--json", "--page-size", pageSize, "--root", CapturedHost.Archive(host));
            JsonSerializer.Serialize(page.GetProperty("table"))
                .ShouldBe(JsonSerializer.Serialize(audit.Json().GetProperty("functions")[0].GetProperty("table")));
        }

        Show(host, address).Output.Split('\n').Count(line => line.StartsWith("BAR ", StringComparison.Ordinal)).ShouldBe(pages.Length);
    }

    [Theory]
    [InlineData("x86-intel-ir", "0000:00:03.0")]
    [InlineData("x86-intel-ir", "0000:00:07.0")]
    [InlineData("x86-intel-ir-rich", "0000:00:08.2")]
    [InlineData("x86-intel-ir-rich", "0000:00:11.0")]
    [InlineData("ppc64-powernv9", "0000:01:00.0")]
    [InlineData("s390x-zpci", "0001:00:00.0")]
    [InlineData("arm64-smmuv3-its", "0000:00:05.0")]
    public void BARs_and_capabilities_are_those_that_VFIO_saw(string host, string address)
    {
        JsonElement truth = CapturedHost.Truth(host).Single(line => line.GetProperty("bdf").GetString() == address);
        JsonElement document = Show(host, address, "--json").Json();
        foreach (JsonElement bar in document.GetProperty("bars").EnumerateArray())
        {
            bar.GetProperty("kind").ValueKind.ShouldBe(JsonValueKind.String);
            bar.GetProperty("prefetchable").ValueKind.ShouldBeOneOf(JsonValueKind.True, JsonValueKind.False);
            bar.GetProperty("address").GetUInt64();
            if (bar.GetProperty("index").GetInt32() < 6)
            {
                JsonElement region = truth.GetProperty("regions").EnumerateArray()
                    .Single(region => region.GetProperty("index").GetInt32() == bar.GetProperty("index").GetInt32());
                bar.GetProperty("length").GetUInt64().ShouldBe(region.GetProperty("size").GetUInt64());
            }
        }

        JsonElement[] capabilities = [.. document.GetProperty("capabilities").EnumerateArray()];
        capabilities.ShouldAllBe(capability => capability.GetProperty("name").GetString()!.Length > 0);

        // VFIO hides none of these, and lists them in the order of the chain.
        capabilities.Where(capability => !capability.GetProperty("extended").GetBoolean())
            .Select(capability => (capability.GetProperty("id").GetInt32(), capability.GetProperty("offset").GetInt32()))
            .ShouldBe(truth.GetProperty("caps").EnumerateArray().Select(pair => (pair[0].GetInt32(), pair[1].GetInt32())));
    }

    [Fact]
    public void The_rule_decides_at_every_page_size()
    {
        JsonElement document = Show("x86-intel-ir", "0:3.0", "--json", "--rule", "neverMap").Json();
        document.GetProperty("pages").EnumerateArray().Select(page => page.GetProperty("table").GetProperty("reason").GetString())
            .ShouldBe(["policyForbids", "policyForbids", "backendCannotMap"]);
    }

    private static CliRun Show(string host, string address, params string[] options) =>
        CliRun.Of(["show", address, .. options, "--root", CapturedHost.Archive(host)]);
}
