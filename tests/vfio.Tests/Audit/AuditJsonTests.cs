using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;

namespace VfioSharp.Cli.Tests.Audit;

/// <summary><c>vfio audit --json</c> on every captured host: the contract, and the values that the host's own kernel confirms.</summary>
public sealed class AuditJsonTests
{
    private static readonly ConcurrentDictionary<string, Lazy<CliRun>> Audits = new();

    public static TheoryData<string> Hosts => CapturedHost.All;

    [Fact]
    public void All_thirty_seven_hosts_are_here() => Hosts.Count.ShouldBe(37);

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Every_field_of_the_contract_is_there_with_its_type(string host)
    {
        CliRun run = Audit(host);
        run.Error.ShouldBeEmpty();
        AuditDocument.Check(run.Json());
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void What_is_printed_is_UTF8_without_a_mark_and_ends_in_a_newline(string host)
    {
        string output = Audit(host).Output;
        byte[] bytes = new UTF8Encoding(false, throwOnInvalidBytes: true).GetBytes(output);
        bytes[0].ShouldBe((byte)'{');
        output.ShouldEndWith("}\n");
        output.ShouldNotContain('\ufffd');
        var reader = new Utf8JsonReader(bytes);
        int documents = 0;
        while (reader.Read())
        {
            documents += reader.CurrentDepth == 0 && reader.TokenType == JsonTokenType.EndObject ? 1 : 0;
        }

        documents.ShouldBe(1);
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Every_function_that_the_kernel_answered_for_is_there_once_and_in_order(string host)
    {
        string[] addresses = [.. Functions(host).Select(function => function.GetProperty("address").GetString()!)];
        addresses.ShouldBe(addresses.Distinct().Order(StringComparer.Ordinal));
        addresses.ShouldBe(addresses.Union(CapturedHost.Truth(host).Select(truth => truth.GetProperty("bdf").GetString()!)), ignoreOrder: true);
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Verdict_and_kernelAccepts_are_what_the_kernel_then_did(string host)
    {
        foreach (JsonElement truth in CapturedHost.Truth(host))
        {
            JsonElement function = Function(host, truth);
            string answer = truth.GetProperty("verdict").GetString()!;
            bool attached = answer.StartsWith("ATTACHED", StringComparison.Ordinal);
            if (attached || answer == "REFUSED_EPERM")
            {
                function.GetProperty("kernelAccepts").GetBoolean().ShouldBe(attached, $"{host} {truth.GetProperty("bdf")}");

                // Where the override is on, or source ids go unchecked, the kernel attaches what is not isolated.
                bool isolated = attached && host is not ("x86-intel-noir-unsafe" or "x86-intel-ir-nosid" or "x86-intel-ir-nosid-6.1");
                function.GetProperty("isolation").GetProperty("verdict").GetString().ShouldBe(isolated ? "isolated" : "notIsolated");
            }

            if (function.GetProperty("iommuGroup").ValueKind == JsonValueKind.Null)
            {
                function.GetProperty("assignable").GetBoolean().ShouldBeFalse();
                function.GetProperty("kernelAccepts").GetBoolean().ShouldBeFalse();
                function.GetProperty("isolation").GetProperty("verdict").GetString().ShouldBe("notIsolated");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Group_and_driver_are_those_that_the_kernel_had(string host)
    {
        foreach (JsonElement truth in CapturedHost.Truth(host))
        {
            JsonElement function = Function(host, truth);
            string? group = truth.TryGetProperty("iommu_group", out JsonElement number) ? number.GetString() : null;
            function.GetProperty("iommuGroup").ToString().ShouldBe(group ?? "");

            // What was bound to vfio-pci with another member of its group was recorded after that.
            if (truth.TryGetProperty("native_driver", out JsonElement driver) && driver.GetString() != "vfio-pci")
            {
                function.GetProperty("driver").GetString().ShouldBe(driver.GetString());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_table_lies_where_VFIO_saw_it_and_its_BAR_is_tiled_by_mapped_and_trapped(string host)
    {
        foreach (JsonElement truth in CapturedHost.Truth(host).Where(truth => truth.TryGetProperty("regions", out _)))
        {
            JsonElement function = Function(host, truth);
            JsonElement msix = function.GetProperty("msix");
            if (!truth.TryGetProperty("msix", out JsonElement seen) || seen.ValueKind != JsonValueKind.Object)
            {
                msix.ValueKind.ShouldBe(JsonValueKind.Null);
                function.GetProperty("table").ValueKind.ShouldBe(JsonValueKind.Null);
                continue;
            }

            foreach ((string ours, string theirs) in (ReadOnlySpan<(string, string)>)
                [("vectors", "vectors"), ("tableBar", "table_bar"), ("tableOffset", "table_offset"), ("pbaBar", "pba_bar"), ("pbaOffset", "pba_offset")])
            {
                msix.GetProperty(ours).GetUInt64().ShouldBe(seen.GetProperty(theirs).GetUInt64(), $"{host} {truth.GetProperty("bdf")} {ours}");
            }

            ulong length = truth.GetProperty("regions").EnumerateArray()
                .Single(region => region.GetProperty("index").GetInt32() == msix.GetProperty("tableBar").GetInt32()).GetProperty("size").GetUInt64();
            Tiling(function.GetProperty("table")).ShouldBe(length, $"{host} {truth.GetProperty("bdf")}");
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Where_the_verdict_is_isolated_the_table_is_mapped_and_elsewhere_its_page_is_trapped(string host)
    {
        ulong pageSize = Audit(host).Json().GetProperty("host").GetProperty("pageSize").GetUInt64();
        foreach (JsonElement function in Functions(host).Where(function => function.GetProperty("table").ValueKind == JsonValueKind.Object))
        {
            JsonElement table = function.GetProperty("table");
            string reason = table.GetProperty("reason").GetString()!;
            ulong page = function.GetProperty("msix").GetProperty("tableOffset").GetUInt64() / pageSize * pageSize;
            bool mapped = AuditDocument.Ranges(table, "mapped").Any(range => range.Offset <= page && page < range.Offset + range.Length);
            mapped.ShouldBe(table.GetProperty("access").GetString() == "mapped");
            reason.ShouldBe((reason, function.GetProperty("isolation").GetProperty("verdict").GetString()) switch
            {
                ("backendCannotMap", _) => "backendCannotMap",
                (_, "isolated") => "msisIsolated",
                (_, "notIsolated") => "msisNotIsolated",
                _ => "isolationUnknown",
            });
            mapped.ShouldBe(reason == "msisIsolated");
        }
    }

    [Fact]
    public void The_example_of_the_contract_is_what_the_captured_host_gives()
    {
        JsonElement document = CliRun.Of("audit", "0000:00:03.0", "--json", "--root", CapturedHost.Archive("x86-intel-ir")).Json();
        JsonElement host = document.GetProperty("host");
        host.GetProperty("architecture").GetString().ShouldBe("x86_64");
        host.GetProperty("kernel").GetString()!.ShouldStartWith("7.3.4");
        host.GetProperty("pageSize").GetInt32().ShouldBe(4096);
        host.GetProperty("privileged").GetBoolean().ShouldBeTrue();

        JsonElement function = document.GetProperty("functions").EnumerateArray().ShouldHaveSingleItem();
        Raw(function, "address").ShouldBe("\"0000:00:03.0\"");
        Raw(function, "vendorId").ShouldBe("\"1b36\"");
        Raw(function, "deviceId").ShouldBe("\"0010\"");
        Raw(function, "classCode").ShouldBe("\"010802\"");
        Raw(function, "driver").ShouldBe("\"nvme\"");
        Raw(function, "iommuGroup").ShouldBe("1");
        Raw(function, "assignable").ShouldBe("true");
        Raw(function, "blockers").ShouldBe("[]");
        Raw(function, "kernelAccepts").ShouldBe("true");

        JsonElement isolation = function.GetProperty("isolation");
        Raw(isolation, "verdict").ShouldBe("\"isolated\"");
        Raw(isolation, "advertised").ShouldBe("true");
        Raw(isolation, "inUse").ShouldBe("true");
        isolation.GetProperty("findings")[0].GetProperty("source").GetString().ShouldBe("proc/interrupts");

        Raw(function, "msix").ShouldBe("""{"vectors":65,"tableBar":0,"tableOffset":8192,"pbaBar":0,"pbaOffset":12288}""");
        JsonElement table = function.GetProperty("table");
        Raw(table, "access").ShouldBe("\"mapped\"");
        Raw(table, "reason").ShouldBe("\"msisIsolated\"");
        Raw(table, "mapped").ShouldBe("""[{"offset":0,"length":16384}]""");
        Raw(table, "trapped").ShouldBe("[]");
    }

    [Fact]
    public void Only_the_functions_that_were_named_are_audited_each_once_in_order()
    {
        JsonElement document = CliRun.Of("audit", "00:1f.2", "0000:00:03.0", "0:3.0", "--json", "--root", CapturedHost.Archive("x86-intel-ir")).Json();
        document.GetProperty("functions").EnumerateArray().Select(function => function.GetProperty("address").GetString())
            .ShouldBe(["0000:00:03.0", "0000:00:1f.2"]);
    }

    [Theory]
    [InlineData("4K", 4096, "mapped", "msisIsolated")]
    [InlineData("16K", 16384, "mapped", "msisIsolated")]
    public void A_page_size_may_be_supposed(string option, int pageSize, string access, string reason)
    {
        JsonElement document = CliRun.Of("audit", "0:3.0", "--json", "--page-size", option, "--root", CapturedHost.Archive("x86-intel-ir")).Json();
        document.GetProperty("host").GetProperty("pageSize").GetInt32().ShouldBe(pageSize);
        document.GetProperty("functions")[0].GetProperty("table").GetProperty("access").GetString().ShouldBe(access);
        document.GetProperty("functions")[0].GetProperty("table").GetProperty("reason").GetString().ShouldBe(reason);
    }

    [Theory]
    [InlineData("x86-intel-ir", "neverMap", "policyForbids", "trapped")]
    [InlineData("x86-intel-noir", "neverMap", "policyForbids", "trapped")]
    [InlineData("x86-intel-noir", "acceptRisk", "riskAccepted", "mapped")]
    [InlineData("x86-intel-ir", "acceptRisk", "msisIsolated", "mapped")]
    [InlineData("x86-intel-noir", "requireIsolation", "msisNotIsolated", "trapped")]
    public void The_caller_may_bring_a_rule(string host, string rule, string reason, string access)
    {
        CliRun run = CliRun.Of("audit", "0:3.0", "--json", "--rule", rule, "--root", CapturedHost.Archive(host));
        JsonElement table = run.Json().GetProperty("functions")[0].GetProperty("table");
        table.GetProperty("reason").GetString().ShouldBe(reason);
        table.GetProperty("access").GetString().ShouldBe(access);

        // The rule says what to map; whether the function is isolated it does not change.
        run.Status.ShouldBe(host == "x86-intel-ir" ? 0 : 1);
    }

    [Fact]
    public void This_machine_keeps_the_contract_too() => AuditDocument.Check(CliRun.Of("audit", "--json").Json());

    private static CliRun Audit(string host) =>
        Audits.GetOrAdd(host, name => new(() => CliRun.Of("audit", "--json", "--root", CapturedHost.Archive(name)))).Value;

    private static IReadOnlyList<JsonElement> Functions(string host) => [.. Audit(host).Json().GetProperty("functions").EnumerateArray()];

    private static JsonElement Function(string host, JsonElement truth) =>
        Functions(host).Single(function => function.GetProperty("address").GetString() == truth.GetProperty("bdf").GetString());

    private static string Raw(JsonElement owner, string name) => JsonSerializer.Serialize(owner.GetProperty(name));

    // The length of what mapped and trapped cover together, from 0 up without a gap or an overlap.
    private static ulong Tiling(JsonElement table)
    {
        ulong end = 0;
        foreach ((ulong offset, ulong length) in AuditDocument.Ranges(table, "mapped").Concat(AuditDocument.Ranges(table, "trapped")).Order())
        {
            offset.ShouldBe(end);
            length.ShouldBeGreaterThan(0ul);
            end += length;
        }

        return end;
    }
}
