using System.Text.Json;

namespace VfioSharp.Cli.Tests.Binding;

public sealed class ListTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    public static TheoryData<string> Hosts => CapturedHost.All;

    [Fact]
    public void The_list_has_a_line_a_function_under_a_title()
    {
        string[] lines = Lines("list", "--root", Bound());
        lines[0].Split("  ", StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries).ShouldBe(["Address", "Function", "Driver", "Group", "Opened through", "State"]);
        string line = lines.Single(each => each.StartsWith("0000:00:04.0", StringComparison.Ordinal));
        line.ShouldContain("vfio-pci (was e1000e)");
        line.ShouldContain("/dev/vfio/");
        line.ShouldEndWith("open in process 4711 (qemu-system-x86)");
        lines.Single(each => each.StartsWith("0000:00:03.0", StringComparison.Ordinal)).ShouldEndWith("can be bound");
        lines.ShouldAllBe(each => each.TrimEnd() == each);
    }

    [Fact]
    public void Who_keeps_a_group_closed_is_named() =>
        Lines("list", "--root", CapturedHost.Archive("x86-intel-ir-rich")).Single(line => line.StartsWith("0000:00:1f.2", StringComparison.Ordinal))
            .ShouldEndWith("can be bound; group held by 0000:00:1f.0, 0000:00:1f.3");

    [Fact]
    public void Json_says_the_same()
    {
        CliRun run = CliRun.Of("list", "--json", "--root", Bound());
        run.Status.ShouldBe(0, run.Error);
        JsonElement document = run.Json();
        document.GetProperty("schema").GetString().ShouldBe("vfiosharp.list/1");
        JsonElement function = document.GetProperty("functions").EnumerateArray().Single(each => each.GetProperty("address").GetString() == "0000:00:04.0");
        function.EnumerateObject().Select(property => property.Name).ShouldBe(
        [
            "address", "vendorId", "deviceId", "name", "driver", "formerDriver", "driverOverride", "bound", "candidate", "iommuGroup",
            "assignable", "blockers", "notAssignable", "nodes", "holders", "uses",
        ]);
        function.GetProperty("driver").GetString().ShouldBe("vfio-pci");
        function.GetProperty("formerDriver").GetString().ShouldBe("e1000e");
        function.GetProperty("bound").GetBoolean().ShouldBeTrue();
        function.GetProperty("nodes").GetArrayLength().ShouldBe(1);
        JsonElement holder = function.GetProperty("holders").EnumerateArray().ShouldHaveSingleItem();
        (holder.GetProperty("processId").GetInt32(), holder.GetProperty("command").GetString(), holder.GetProperty("certain").GetBoolean()).ShouldBe((4711, "qemu-system-x86", true));
    }

    [Theory, MemberData(nameof(Hosts))]
    public void All_functions_are_listed_when_asked_for_and_else_those_that_can_be_bound(string host)
    {
        JsonElement[] all = [.. CliRun.Of("list", "--all", "--json", "--root", CapturedHost.Archive(host)).Json().GetProperty("functions").EnumerateArray()];
        JsonElement[] some = [.. CliRun.Of("list", "--json", "--root", CapturedHost.Archive(host)).Json().GetProperty("functions").EnumerateArray()];
        string?[] audited = [.. CliRun.Of("audit", "--json", "--root", CapturedHost.Archive(host)).Json().GetProperty("functions").EnumerateArray().Select(each => each.GetProperty("address").GetString())];

        all.Select(each => each.GetProperty("address").GetString()).ShouldBe(audited);
        some.Select(each => each.GetRawText()).ShouldBe(all.Where(each => each.GetProperty("candidate").GetBoolean()).Select(each => each.GetRawText()));
        some.ShouldAllBe(each => each.GetProperty("iommuGroup").ValueKind == JsonValueKind.Number);
    }

    [Fact]
    public void Where_nothing_can_be_bound_that_is_said() =>
        Lines("list", "--root", CapturedHost.Archive("x86-no-iommu")).ShouldBe(["No function is bound to vfio-pci, and none could be ('vfio list --all' shows why)."]);

    private static string[] Lines(params string[] arguments)
    {
        CliRun run = CliRun.Of(arguments);
        run.Status.ShouldBe(0, run.Error);
        run.Error.ShouldBeEmpty();
        return run.Output.Split('\n', StringSplitOptions.RemoveEmptyEntries);
    }

    // One function on vfio-pci, taken from e1000e and open.
    private string Bound()
    {
        const string Function = "sys/devices/pci0000:00/0000:00:04.0";
        JsonElement before = CliRun.Of("list", "--json", "--root", CapturedHost.Archive("x86-intel-ir")).Json().GetProperty("functions").EnumerateArray()
            .Single(each => each.GetProperty("address").GetString() == "0000:00:04.0");
        string ids = $"{before.GetProperty("vendorId").GetString()}:{before.GetProperty("deviceId").GetString()}";
        return new AlteredHost("x86-intel-ir").Without($"^{Function}/driver$").WithLink($"{Function}/driver", "../../../bus/pci/drivers/vfio-pci")
            .With($"{Function}/driver_override", "vfio-pci\n").With("run/vfiosharp/bound/0000:00:04.0", $"device {ids}\ndriver e1000e\noverride -\n")
            .With("proc/4711/comm", "qemu-system-x86\n").WithLink("proc/4711/fd/9", $"/dev/vfio/{before.GetProperty("iommuGroup").GetInt32()}").WriteTo(folder);
    }
}
