using System.Text.RegularExpressions;
using Spectre.Console;
using VfioSharp.Cli.Commands;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Tests.Output;

/// <summary>The reports on a terminal of a given width: colours, boxes, and nothing that the terminal would have to wrap.</summary>
public sealed partial class TerminalReportTests : IDisposable
{
    private const string LongNames = """
        1b36  Red Hat, Inc.
        	0010  QEMU NVM Express Controller with a name that is longer than any column of a table has room for, however wide
        8086  Intel Corporation
        	10c9  82576 Gigabit Network Connection
        1af4  Averyverylongvendornamewithoutasinglespaceinitwhichnothingcanwrapbetweenwordsandwhichmustbecutsomewhere
        """;

    private readonly TemporaryFolder folder = new();

    public static TheoryData<string, int> Cases
    {
        get
        {
            var cases = new TheoryData<string, int>();
            foreach (TheoryDataRow<string> row in CapturedHost.All)
            {
                cases.Add(row.Data, 80);
                cases.Add(row.Data, 120);
            }

            return cases;
        }
    }

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Cases))]
    public void No_line_of_an_audit_is_wider_than_the_terminal(string host, int width)
    {
        ShouldFit(Audit(CapturedHost.Archive(host), width), width);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    [InlineData(300)]
    public void No_name_is_wider_than_the_terminal(int width)
    {
        string named = new AlteredHost("x86-intel-ir-rich").With("usr/share/misc/pci.ids", LongNames).WriteTo(folder);
        ShouldFit(Audit(named, width), width);
    }

    [Theory]
    [MemberData(nameof(Cases))]
    public void No_line_of_a_show_is_wider_than_the_terminal(string host, int width)
    {
        HostEvidence evidence = HostSource.Read(CapturedHost.Archive(host));
        foreach (FunctionEvidence function in evidence.Functions.Where((_, i) => i % 4 == 0))
        {
            HostAudit audit = HostAudit.Of(evidence, [function.Address]);
            ShouldFit(Print(width, console => new ShowReport(console).Write(audit, [.. audit.Functions
                .Select(f => f.Table).OfType<Pci.Mapping.MsixTableDecision>()])), width);
        }
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public void A_terminal_says_the_same_as_a_pipe_wrapped_between_words_under_the_text(int width)
    {
        string archive = CapturedHost.Archive("x86-intel-noir");
        string plain = CliRun.Of("audit", "0:3.0", "--root", archive).Output;
        string rich = Plain(Print(width, console => new AuditReport(console).Write(HostAudit.Of(HostSource.Read(archive), [Pci.Addressing.PciAddress.Parse("0:3.0")]))));
        Words(rich).ShouldBe(Words(plain));

        string[] lines = rich.Split('\n');
        int mapping = Array.FindIndex(lines, line => line.StartsWith("  Mapping   Trapped", StringComparison.Ordinal));
        lines[mapping + 1].ShouldStartWith("            ");
        lines[mapping + 1][12].ShouldNotBe(' ');
        lines.ShouldAllBe(line => line == line.TrimEnd());
    }

    [Theory]
    [InlineData(80)]
    [InlineData(140)]
    public void The_table_at_a_glance_has_one_line_a_function(int width)
    {
        string named = new AlteredHost("x86-intel-ir").With("usr/share/misc/pci.ids", "8086  Intel Corporation\n\t10c9  82576 Gigabit Network Connection\n").WriteTo(folder);
        string output = Plain(Audit(named, width));
        output.Split('\n').Count(line => line.StartsWith('│')).ShouldBe(10); // and one above them
        output.Contains("│ Intel Corporation 82576 Gigabit Network Connection [8086:10c9] │", StringComparison.Ordinal).ShouldBe(width == 140);
        Words(output).ShouldContain("0000:00:04.0 Ethernet controller: Intel Corporation 82576 Gigabit Network Connection [8086:10c9]");
    }

    [Fact]
    public void Colours_say_what_the_words_say()
    {
        Audit(CapturedHost.Archive("x86-intel-ir"), 80).ShouldContain("\e[38;5;2misolated");
        Audit(CapturedHost.Archive("x86-intel-noir"), 80).ShouldContain("\e[38;5;9mnot isolated");
        Print(80, console => new AuditReport(console).Write(HostAudit.Of(HostSource.Read(CapturedHost.Archive("x86-intel-noir")))), ColorSystemSupport.NoColors)
            .ShouldNotContain("\e[38");
    }

    [Fact]
    public void No_text_of_a_host_steers_the_terminal()
    {
        string host = new AlteredHost("x86-intel-ir").With("usr/share/misc/pci.ids", "1b36  Red \e]0;title\a Hat\n")
            .Without("0000:00:03[.]0/driver$").WithLink("sys/devices/pci0000:00/0000:00:03.0/driver", "../../../bus/pci/drivers/nv\e[2Jme").WriteTo(folder);
        string output = Audit(host, 120);
        output.ShouldContain("nv\ufffd[2Jme");
        Plain(output).ShouldNotContain('\e');
    }

    [Theory]
    [InlineData(1ul << 63, 0ul, 2048, 80)]
    [InlineData(1ul << 40, 0xfffff000ul, 7, 80)]
    [InlineData(16ul, 0ul, 1, 80)]
    [InlineData(1ul << 30, 0x5200ul, 129, 80)]
    [InlineData(1ul << 30, 0x5200ul, 129, 120)]
    public void The_picture_of_any_BAR_fits(ulong bar, ulong table, int vectors, int width)
    {
        var range = new Pci.Mapping.ByteRange(0, bar);
        Pci.Mapping.MsixTableDecision decision = Pci.Mapping.MsixTablePolicy.Decide(new(
            range, new(table, (ulong)vectors * 16), null, [range], 4096, Pci.Isolation.IsolationVerdict.NotIsolated, Pci.Mapping.MsixTableRule.RequireIsolation));
        string output = Print(width, console => new PlanReport(console).Write(decision));
        ShouldFit(output, width);
        output.ShouldContain("trapped");
    }

    private static string Audit(string root, int width) => Print(width, console => new AuditReport(console).Write(HostAudit.Of(HostSource.Read(root))));

    private static string Print(int width, Action<IAnsiConsole> write, ColorSystemSupport colours = ColorSystemSupport.EightBit)
    {
        using var output = new StringWriter();
        IAnsiConsole console = AnsiConsole.Create(new AnsiConsoleSettings
        {
            Out = new AnsiConsoleOutput(output),
            Ansi = AnsiSupport.Yes,
            ColorSystem = colours,
            Interactive = InteractionSupport.No,
        });
        console.Profile.Width = width;
        console.Profile.Capabilities.Unicode = true;
        write(console);
        return output.ToString();
    }

    private static void ShouldFit(string output, int width)
    {
        string[] lines = Plain(output).Split('\n');
        lines.Length.ShouldBeGreaterThan(3);
        lines.ShouldAllBe(line => line.Length <= width);
        lines.ShouldAllBe(line => line == line.TrimEnd());
    }

    private static string Plain(string output) => EscapeCode().Replace(output, "");

    private static string Words(string text) => string.Join(' ', text.Split([' ', '\n'], StringSplitOptions.RemoveEmptyEntries));

    [GeneratedRegex("\e\\[[0-9;]*m")]
    private static partial Regex EscapeCode();
}
