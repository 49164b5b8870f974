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
        commands.Length.ShouldBe(13);
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
        string description = Read("docs/json.md");
        description = description[description.IndexOf(heading, StringComparison.Ordinal)..];
        description = description[..description.IndexOf("\n## ", StringComparison.Ordinal)];
        foreach (JsonProperty field in JsonElement.Parse(output[output.IndexOf('{', StringComparison.Ordinal)..]).EnumerateObject())
        {
            description.ShouldContain($"`{field.Name}`", Case.Sensitive);
            JsonElement? part = field.Value.ValueKind switch
            {
                JsonValueKind.Object when field.Name == "server" => field.Value,
                JsonValueKind.Array when field.Name is "regions" or "interrupts" => field.Value[0],
                _ => null,
            };
            foreach (JsonProperty inner in part?.EnumerateObject() ?? default)
            {
                description.ShouldContain($"`{inner.Name}`", Case.Sensitive);
            }
        }
    }

    private static string Read(string path) => File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../..", path));

    private static string ThisFile([CallerFilePath] string path = "") => path;

    // "  audit <ADDRESS>  Say, for every …", among the commands.
    [GeneratedRegex(@"(?<=Commands:[\s\S]*)^  (?<name>[a-z]+)\b", RegexOptions.Multiline)]
    private static partial Regex Command();

    [GeneratedRegex(@"--[a-z-]+")]
    private static partial Regex Option();
}
