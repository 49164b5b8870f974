using System.Runtime.Versioning;

namespace VfioSharp.Architecture.Tests.Scripts;

/// <summary><c>./test</c>: the sums of its last line, and what it does not let pass.</summary>
[SupportedOSPlatform("linux")]
public sealed class TestScriptTests : IDisposable
{
    private readonly ScriptCheckout checkout = new();

    public void Dispose() => checkout.Dispose();

    [Fact]
    public void The_last_line_sums_up_the_reports()
    {
        Project("A.Tests", Report(passed: 3));
        Project("B.Tests", Report(passed: 39));

        ScriptRun run = checkout.Run("test");

        run.LastLine.ShouldBe("42 passed, 0 failed");
        run.ExitStatus.ShouldBe(0);
    }

    [Fact]
    public void A_failed_test_fails_the_run()
    {
        Project("A.Tests", Report(passed: 3, failed: 2), status: 2);
        ScriptRun run = checkout.Run("test");
        run.LastLine.ShouldBe("3 passed, 2 failed");
        run.ExitStatus.ShouldBe(1);
    }

    [Fact]
    public void Skipped_tests_are_named_with_their_reasons_before_the_last_line()
    {
        Project("A.Tests", Report(
            passed: 1, skipped: 1, results: """<UnitTestResult testName="A.x(s: &quot;&lt;&quot;)" outcome="NotExecuted"><Output><StdOut>no R&amp;D""" + "\nhere</StdOut></Output></UnitTestResult>"));

        ScriptRun run = checkout.Run("test");

        run.Output.ShouldEndWith("skipped: A.x(s: \"<\"): no R&D here\n1 passed, 0 failed, 1 skipped\n");
        run.ExitStatus.ShouldBe(0);
    }

    [Fact]
    public void A_project_without_a_report_fails_the_run()
    {
        Project("A.Tests", Report(passed: 3));
        Project("B.Tests", report: null, status: 134);

        ScriptRun run = checkout.Run("test");

        run.Output.ShouldEndWith("failed: B.Tests made no report\n3 passed, 1 failed\n");
        run.ExitStatus.ShouldBe(1);
    }

    [Fact]
    public void A_report_of_an_earlier_run_does_not_count()
    {
        Project("A.Tests", Report(passed: 3));
        checkout.Run("test").ExitStatus.ShouldBe(0);
        File.Delete(checkout.At("reports/A.Tests.trx"));
        checkout.Run("test").Output.ShouldContain("failed: A.Tests made no report\n");
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(5, 0)]
    public void A_project_that_runs_no_test_fails_the_run(int skipped, int status)
    {
        Project("A.Tests", Report(passed: 3));
        Project("B.Tests", Report(skipped: skipped), status);

        ScriptRun run = checkout.Run("test");

        run.Output.ShouldContain("failed: B.Tests ran no test\n3 passed, 1 failed");
        run.ExitStatus.ShouldBe(1);
    }

    [Fact]
    public void A_project_that_was_not_built_fails_the_run()
    {
        Project("A.Tests", Report(passed: 3));
        Project("B.Tests", Report(passed: 3));
        File.Delete(checkout.At("tests/B.Tests/bin/Release/net10.0/B.Tests.dll"));
        checkout.Run("test").Output.ShouldEndWith("failed: B.Tests was not built: is it in VfioSharp.slnx?\n3 passed, 1 failed\n");
    }

    [Fact]
    public void A_program_that_ends_badly_after_its_tests_fails_the_run()
    {
        Project("A.Tests", Report(passed: 3), status: 139);
        checkout.Run("test").Output.ShouldEndWith("failed: A.Tests ended with exit status 139 though no test failed\n3 passed, 1 failed\n");
    }

    [Fact]
    public void A_failed_build_shows_its_errors_and_still_ends_with_the_sums()
    {
        Project("A.Tests", Report(passed: 3));
        checkout.Write("broken-source", "");

        ScriptRun run = checkout.Run("test");

        run.Output.ShouldContain("Program.cs(1,1): error CS1002: ; expected\n");
        run.LastLine.ShouldBe("0 passed, 1 failed");
        run.ExitStatus.ShouldBe(1);
    }

    [Fact]
    public void A_filter_goes_to_every_program_and_need_not_match_in_each()
    {
        Project("A.Tests", Report(passed: 3));
        Project("B.Tests", Report(), status: 8);

        ScriptRun run = checkout.Run("test", "--filter-class", "*Msix*");

        run.LastLine.ShouldBe("3 passed, 0 failed");
        run.ExitStatus.ShouldBe(0);
        checkout.Builds.Count(call => call.EndsWith(" --filter-class *Msix*", StringComparison.Ordinal)).ShouldBe(2);
    }

    [Fact]
    public void A_filter_that_matches_nowhere_fails_the_run()
    {
        Project("A.Tests", Report(), status: 8);
        ScriptRun run = checkout.Run("test", "--filter-class", "*Msix*");
        run.Output.ShouldEndWith("failed: no test ran\n0 passed, 1 failed\n");
        run.ExitStatus.ShouldBe(1);
    }

    [Fact]
    public void One_project_can_be_run_alone()
    {
        Project("A.Tests", Report(passed: 3));
        Project("B.Tests", Report(passed: 4));
        checkout.Run("test", "--project", "B.Tests").LastLine.ShouldBe("4 passed, 0 failed");
        checkout.Run("test", "--project", "C.Tests").ExitStatus.ShouldBe(64);
    }

    private static string Report(int passed = 0, int failed = 0, int skipped = 0, string results = "") =>
        $"""
        <TestRun><Results>{results}</Results><ResultSummary><Counters total="{passed + failed + skipped}" executed="{passed + failed}" passed="{passed}" failed="{failed}" error="0" timeout="0" aborted="0" inconclusive="0" notExecuted="{skipped}" /></ResultSummary></TestRun>
        """;

    private void Project(string name, string? report, int status = 0)
    {
        checkout.Write($"tests/{name}/{name}.csproj", "<Project />");
        checkout.Write($"tests/{name}/bin/Release/net10.0/{name}.dll", "");
        if (report != null)
            checkout.Write($"reports/{name}.trx", report);
        checkout.Write($"reports/{name}.status", $"{status}");
    }
}
