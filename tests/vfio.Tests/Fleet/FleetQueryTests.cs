using System.Globalization;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using DuckDB.NET.Data;

namespace VfioSharp.Cli.Tests.Fleet;

/// <summary>The query in the operator's guide, asked of what vfio fleet writes.</summary>
public sealed partial class FleetQueryTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void DuckDB_answers_which_functions_could_be_passed_through_and_are_not_isolated()
    {
        string[] archives = [.. new[] { "x86-intel-ir", "x86-intel-noir", "x86-intel-noir-unsafe", "arm64-smmuv3-gicv2m" }.Select(CapturedHost.Archive)];
        CliRun.Of(["fleet", .. archives, "--ndjson", folder["fleet.ndjson"]]).Status.ShouldBe(1);
        string guide = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../../docs/guides/operator.md"));
        string query = Query().Match(guide).Groups[1].Value;
        query.ShouldContain("read_json('fleet.ndjson'");

        using var connection = new DuckDBConnection("DataSource=:memory:");
        connection.Open();
        using DuckDBCommand command = connection.CreateCommand();
        command.CommandText = query.Replace("fleet.ndjson", folder["fleet.ndjson"], StringComparison.Ordinal);
        using DuckDBDataReader reader = command.ExecuteReader();
        var rows = new List<(string Kernel, string Id, long Machines)>();
        while (reader.Read())
        {
            rows.Add((reader.GetString(0), reader.GetString(1), Convert.ToInt64(reader.GetValue(4), CultureInfo.InvariantCulture)));
        }

        // The NVMe controller stands alone in its group on all three that do not isolate, two of which have the same kernel.
        rows.Where(row => row.Id == "1b36:0010").ShouldBe([("7.3.4+deb13-amd64", "1b36:0010", 2), ("7.3.4+deb13-arm64", "1b36:0010", 1)]);
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex("```sql\n(.*?)```", RegexOptions.Singleline)]
    private static partial Regex Query();
}
