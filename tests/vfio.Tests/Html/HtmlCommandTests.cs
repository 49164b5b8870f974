
namespace VfioSharp.Cli.Tests.Html;

/// <summary><c>vfio audit --html</c> as a command: what it prints, how it ends, and what becomes of the file.</summary>
public sealed class HtmlCommandTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("x86-intel-ir", 0, "9 functions: 9 isolated, 0 not isolated, 0 unknown")]
    [InlineData("x86-intel-noir", 1, "0 isolated, ")]
    public void It_ends_as_the_audit_does_and_says_what_it_wrote(string host, int status, string counts)
    {
        CliRun run = CliRun.Of("audit", "--root", CapturedHost.Archive(host), "--html", folder["page.html"]);
        run.Status.ShouldBe(status);
        run.Error.ShouldBeEmpty();
        run.Output.ShouldStartWith($"{folder["page.html"]}: ");
        run.Output.ShouldContain(counts);
        run.Output.ShouldEndWith("; look at it in a browser\n");
        run.Output.Count(c => c == '\n').ShouldBe(1);
        File.ReadAllText(folder["page.html"]).ShouldStartWith("<!DOCTYPE html>\n<html lang=\"en\">");
    }

    [Fact]
    public void JSON_may_be_had_in_the_same_breath()
    {
        CliRun run = CliRun.Of("audit", "--root", CapturedHost.Archive("x86-intel-noir"), "--json", "--html", folder["page.html"]);
        run.Status.ShouldBe(1);
        run.Json().GetProperty("schema").GetString().ShouldBe("vfiosharp.audit/1");
        File.Exists(folder["page.html"]).ShouldBeTrue();
    }

    [Fact]
    public void The_same_host_makes_the_same_page()
    {
        HtmlPage.Of(folder, CapturedHost.Archive("x86-intel-ir-rich")).Text.ShouldBe(HtmlPage.Of(folder, CapturedHost.Archive("x86-intel-ir-rich")).Text);
    }

    [Fact]
    public void A_file_that_is_there_is_replaced_whole_and_nothing_is_left_beside_it()
    {
        folder.File("page.html", new string('x', 1 << 20));
        HtmlPage.Of(folder, CapturedHost.Archive("s390x-zpci"));
        CliRun.Of("audit", "--root", CapturedHost.Archive("s390x-zpci"), "--html", folder["page.html"]).Status.ShouldBe(0);
        File.ReadAllText(folder["page.html"]).ShouldEndWith("</html>");
        Directory.GetFiles(folder.Path, ".*").ShouldBeEmpty();
    }

    [Theory]
    [InlineData("-")]
    [InlineData("")]
    public void A_page_goes_to_a_file_that_has_a_name(string name) =>
        CliRun.Of("audit", "--root", CapturedHost.Archive("s390x-zpci"), "--html", name).ShouldBeRefused(64, "--html", "a page goes to a file");

    [Fact]
    public void Where_no_file_can_be_made_it_ends_with_74_and_prints_no_report()
    {
        CliRun.Of("audit", "--root", CapturedHost.Archive("s390x-zpci"), "--html", folder["no/such/folder.html"]).ShouldBeRefused(74, "cannot write", "no/such/folder.html", "no such folder");
        CliRun.Of("audit", "--root", CapturedHost.Archive("s390x-zpci"), "--json", "--html", folder.Path).ShouldBeRefused(74, "it is a folder");
    }

    [Fact]
    public void No_page_is_written_of_a_host_that_is_not_there()
    {
        CliRun.Of("audit", "--root", folder["nothing"], "--html", folder["page.html"]).ShouldBeRefused(66, "nothing");
        File.Exists(folder["page.html"]).ShouldBeFalse();
    }
}
