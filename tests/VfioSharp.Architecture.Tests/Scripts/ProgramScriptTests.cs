using System.Runtime.Versioning;

namespace VfioSharp.Architecture.Tests.Scripts;

/// <summary><c>./vfio</c>: what it builds, when, and what it says.</summary>
[SupportedOSPlatform("linux")]
public sealed class ProgramScriptTests : IDisposable
{
    private readonly ScriptCheckout checkout = new();

    public void Dispose() => checkout.Dispose();

    [Fact]
    public void The_first_run_builds_and_says_so_and_the_second_only_runs()
    {
        checkout.InstallToolchain();

        ScriptRun first = checkout.Run("vfio", "audit", "two words");
        ScriptRun second = checkout.Run("vfio", "audit");

        first.ShouldBe(new ScriptRun(7, "aot [] audit two words\n", "vfio: building vfio (NativeAOT, once)…\n"));
        second.ShouldBe(new ScriptRun(7, "aot [] audit\n", ""));
        checkout.Builds.ShouldHaveSingleItem();
    }

    [Fact]
    public void The_second_run_needs_no_sdk()
    {
        checkout.Run("vfio");
        File.Delete(checkout.At("tools/dotnet"));
        checkout.Run("vfio").Output.ShouldBe("r2r [] \n");
    }

    [Theory]
    [InlineData("a changed file", "src/vfio/Program.cs")]
    [InlineData("a new file", "src/vfio/Other.cs")]
    [InlineData("a changed sample", "samples/Tally/Tally.cs")]
    [InlineData("a build file", "global.json")]
    public void A_change_builds_anew(string _, string path)
    {
        checkout.Run("vfio");
        checkout.Write(path, "return 1; " + (File.Exists(checkout.At(path)) ? File.ReadAllText(checkout.At(path)) : ""));
        checkout.Run("vfio");
        checkout.Builds.Count.ShouldBe(2);
    }

    [Fact]
    public void A_deleted_file_builds_anew()
    {
        checkout.Write("src/vfio/Other.cs", "");
        checkout.Run("vfio");
        File.Delete(checkout.At("src/vfio/Other.cs"));
        checkout.Run("vfio");
        checkout.Builds.Count.ShouldBe(2);
    }

    [Fact]
    public void What_other_builds_leave_behind_does_not_build_anew()
    {
        checkout.Run("vfio");
        checkout.Write("src/vfio/obj/Release/A.cs", "");
        checkout.Write("src/vfio/bin/Release/vfio.dll", "");
        checkout.Run("vfio");
        checkout.Builds.ShouldHaveSingleItem();
    }

    [Fact]
    public void It_runs_through_links_and_from_anywhere()
    {
        File.CreateSymbolicLink(checkout.At("home/second link"), checkout.At("vfio"));
        File.CreateSymbolicLink(checkout.At("home/link"), "second link");
        checkout.RunIn(checkout.At("home"), [], "link", "x").Output.ShouldEndWith("x\n");
        checkout.RunIn("/", [], checkout.At("home/link"), "x").Output.ShouldEndWith("x\n");
        checkout.Run("tools/sh", "vfio", "x").Output.ShouldEndWith("x\n");
        checkout.Builds.ShouldHaveSingleItem();
    }

    [Fact]
    public void Without_a_toolchain_that_links_it_brings_its_runtime_along()
    {
        checkout.InstallToolchain(works: false);
        ScriptRun run = checkout.Run("vfio");
        run.Output.ShouldBe("r2r [] \n");
        run.Errors.ShouldBe("vfio: building vfio (ReadyToRun, once)…\n");
    }

    [Fact]
    public void A_toolchain_that_arrives_later_is_used_and_one_that_leaves_is_not_missed()
    {
        checkout.Run("vfio").Output.ShouldStartWith("r2r");
        checkout.InstallToolchain();
        checkout.Run("vfio").Output.ShouldStartWith("aot");
        File.Delete(checkout.At("tools/gcc"));
        checkout.Run("vfio").Output.ShouldStartWith("aot");
        checkout.Builds.Count.ShouldBe(2);
    }

    [Fact]
    public void When_the_linker_gives_up_it_says_why_and_builds_the_next_kind()
    {
        checkout.InstallToolchain();
        checkout.Write("broken-aot", "");

        ScriptRun run = checkout.Run("vfio");

        run.Output.ShouldStartWith("r2r");
        run.Errors.ShouldContain("vfio: NativeAOT did not work here: x.targets(1,1): error : the linker gave up\n");
        checkout.Run("vfio").Errors.ShouldBeEmpty();
        checkout.Builds.Count.ShouldBe(2);
    }

    [Fact]
    public void The_kind_can_be_asked_for()
    {
        checkout.InstallToolchain();
        checkout.RunIn(checkout.At(""), new() { ["VFIO_BUILD"] = "jit" }, "vfio").Output.ShouldStartWith("jit");
        checkout.RunIn(checkout.At(""), new() { ["VFIO_BUILD"] = "r2r" }, "vfio").Output.ShouldStartWith("r2r");
        checkout.Run("vfio").Output.ShouldStartWith("aot");

        ScriptRun wrong = checkout.RunIn(checkout.At(""), new() { ["VFIO_BUILD"] = "fast" }, "vfio");
        wrong.ExitStatus.ShouldBe(64);
        wrong.Errors.ShouldContain("aot, r2r");
    }

    [Fact]
    public void Errors_in_the_sources_are_shown_once_and_the_next_run_tries_again()
    {
        checkout.InstallToolchain();
        checkout.Write("broken-source", "");

        ScriptRun run = checkout.Run("vfio");

        run.ExitStatus.ShouldBe(70);
        run.Output.ShouldBeEmpty();
        run.Errors.ShouldContain("Program.cs(1,1): error CS1002: ; expected\n");
        checkout.Builds.ShouldHaveSingleItem();
        File.Delete(checkout.At("broken-source"));
        checkout.Run("vfio").Output.ShouldStartWith("aot");
    }

    [Fact]
    public void Without_an_sdk_it_says_what_to_install()
    {
        File.Delete(checkout.At("tools/dotnet"));
        ScriptRun run = checkout.Run("vfio");
        run.ExitStatus.ShouldBe(69);
        run.Errors.ShouldStartWith("VfioSharp needs the .NET SDK 10.0.x (10.0.100 or later; found: none on PATH): install it from ");
        run.Errors.Count(c => c == '\n').ShouldBe(1);
    }

    [Fact]
    public void With_an_sdk_too_old_it_names_it()
    {
        checkout.Write("too-old", "");
        ScriptRun run = checkout.Run("vfio");
        run.ExitStatus.ShouldBe(69);
        run.Errors.ShouldContain("found: 8.0.404)");
    }

    [Fact]
    public void A_missing_home_is_made_up_for()
    {
        ScriptRun run = checkout.RunIn(checkout.At(""), new() { ["HOME"] = "/nonexistent" }, "vfio");
        run.ExitStatus.ShouldBe(7);
        Directory.Exists(checkout.At(".build/home")).ShouldBeTrue();
    }

    [Fact]
    public async Task Runs_at_the_same_time_build_once()
    {
        checkout.Write("slow", "");
        Task<ScriptRun>[] runs = [.. Enumerable.Range(0, 4).Select(_ => Task.Run(() => checkout.Run("vfio")))];
        foreach (ScriptRun run in await Task.WhenAll(runs))
            run.Output.ShouldStartWith("r2r");
        checkout.Builds.ShouldHaveSingleItem();
    }
}
