using System.Runtime.CompilerServices;
using System.Text.Json;
using System.Text.RegularExpressions;
using VfioSharp.Cli.Tests.Serving;

namespace VfioSharp.Cli.Tests.Commands;

/// <summary>What the documentation says of the command line is what there is.</summary>
public sealed partial class DocumentationTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public void Each_command_stands_in_the_README()
    {
        string readme = Read("README.md");
        string[] commands = [.. Command().Matches(CliRun.Of("--help").Output).Select(match => match.Groups["name"].Value)];
        commands.Length.ShouldBe(14);
        commands.ShouldAllBe(command => readme.Contains($"| `vfio {command} ", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_option_of_serve_stands_in_the_guide_for_authors_of_functions()
    {
        string guide = Read("docs/guides/device-author.md");
        string[] options = [.. Option().Matches(CliRun.Of("serve", "--help").Output).Select(match => match.Value).Except(["--help"])];
        options.ShouldContain("--socket-path");
        options.ShouldAllBe(option => guide.Contains($"`{option}", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("connect", "## `vfio connect --json`")]
    [InlineData("serve", "## `vfio serve --stats --json`")]
    public async Task Each_field_of_the_JSON_stands_in_its_description(string command, string heading)
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"], "--json");
        string output = command == "connect" ? CliRun.Of("connect", folder["tally.sock"], "--json").Output : (await run.StopAsync()).Output;
        string description = Section(heading);
        foreach (JsonProperty field in JsonElement.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..]).EnumerateObject())
        {
            description.ShouldContain($"`{field.Name}`", Case.Sensitive);
            JsonElement? part = field.Value.ValueKind switch
            {
                JsonValueKind.Object when field.Name is "server" or "nvme" => field.Value,
                JsonValueKind.Array when field.Name is "regions" or "interrupts" => field.Value[0],
                _ => null,
            };
            foreach (JsonProperty inner in part?.EnumerateObject() ?? default)
            {
                description.ShouldContain($"`{inner.Name}`", Case.Sensitive);
            }
        }
    }

    [Theory]
    [InlineData("identify --json", "## `vfio nvme identify --json`")]
    [InlineData("perf -t 1 --json", "## `vfio nvme perf --json`")]
    public async Task Each_field_of_what_nvme_prints_stands_in_its_description(string command, string heading)
    {
        await using ServeRun run = await ServeRun.StartAsync("nvme", "--size", "1M", "--socket", folder["nvme.sock"], "--json");
        JsonElement printed = CliRun.Of(["nvme", .. command.Split(' '), "--socket", folder["nvme.sock"]]).Json();
        string description = Section(heading);
        foreach (string name in Names(printed))
        {
            description.ShouldContain($"`{name}`", Case.Sensitive);
        }

        string served = (await run.StopAsync()).Output;
        description = Section("## `vfio serve --stats --json`");
        foreach (string name in Names(JsonElement.Parse(served[served.IndexOf('{', StringComparison.Ordinal)..]).GetProperty("nvme")))
        {
            description.ShouldContain($"`{name}`", Case.Sensitive);
        }

        static IEnumerable<string> Names(JsonElement element) => element.ValueKind switch
        {
            JsonValueKind.Object => element.EnumerateObject().SelectMany(field => field.Name == "table" ? [field.Name] : (string[])[field.Name, .. Names(field.Value)]),
            JsonValueKind.Array => element.EnumerateArray().SelectMany(Names),
            _ => [],
        };
    }

    private static string Section(string heading)
    {
        string description = Read("docs/json.md");
        description = description[description.IndexOf(heading, StringComparison.Ordinal)..];
        return description[..description.IndexOf("\n## ", StringComparison.Ordinal)];
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../..", path));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    // "  audit <ADDRESS>  Say, for every …", among the commands.
    [GeneratedRegex(@"(?<=Commands:[\s\S]*)^  (?<name>[a-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"--[a-z-]+")]
    private static partial Regex Option();
}
