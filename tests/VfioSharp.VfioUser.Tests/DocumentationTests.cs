using System.Globalization;
using System.Reflection;
using System.Runtime.CompilerServices;
using System.Text.RegularExpressions;
using VfioSharp.VfioUser.Tracing;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests;

/// <summary>What docs/vfio-user.md says of the protocol is what there is.</summary>
public sealed partial class DocumentationTests
{
    private static readonly string Text = File.ReadAllText(Path.Combine(Path.GetDirectoryName(ThisFile())!, "../../docs/vfio-user.md"));

    public static TheoryData<string> Limits => [.. typeof(VfioUserLimits).GetProperties(BindingFlags.Public | BindingFlags.Instance).Select(limit => limit.Name)];

    [Theory, MemberData(nameof(Limits))]
    public void Each_limit_stands_there_with_its_default(string name)
    {
        Match row = Row().Matches(Text).SingleOrDefault(row => row.Groups["name"].Value == name).ShouldNotBeNull();
        decimal number = decimal.Parse(row.Groups["number"].Value, CultureInfo.InvariantCulture);
        object value = typeof(VfioUserLimits).GetProperty(name)!.GetValue(VfioUserLimits.Default)!;
        object said = row.Groups["unit"].Value switch
        {
            "s" => TimeSpan.FromSeconds((double)number),
            "KiB" => number * (1L << 10),
            "MiB" => number * (1L << 20),
            "TiB" => number * (1L << 40),
            _ => number,
        };
        said.ShouldBe(value is TimeSpan ? value : Convert.ToDecimal(value, CultureInfo.InvariantCulture));
    }

    [Fact]
    public void No_other_limit_stands_there() =>
        Row().Matches(Text).Select(row => row.Groups["name"].Value).ShouldBe(Limits.Select(row => row.Data), ignoreOrder: true);

    [Fact]
    public void Each_message_stands_there()
    {
        foreach (MessageCommand command in Enum.GetValues<MessageCommand>())
        {
            Text.ShouldContain($"`{MessageText.NameOf(command)}`", Case.Sensitive);
        }
    }

    private static string ThisFile([CallerFilePath] string path = "") => path;

    [GeneratedRegex(@"^\| `(?<name>[A-Z]\w+)` \| (?<number>\d+)(?: (?<unit>\w+))? \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
