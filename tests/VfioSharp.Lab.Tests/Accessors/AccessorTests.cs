using System.Diagnostics;
using System.Runtime.InteropServices;
using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests.Accessors;

/// <summary>
/// The register accessors as the ahead-of-time compiler makes them: one access each, of exactly its width. The unit tests ask the same of the JIT.
/// </summary>
public class AccessorTests
{
    private const int Accessors = 16;

    [Fact]
    public async Task On_x64_every_accessor_is_one_access_of_its_width()
    {
        Assert.SkipUnless(RuntimeInformation.OSArchitecture == Architecture.X64, "the program is for x64: the code is read where it runs");
        Lab.Require(Catalogue.X64("6.12", Iommu.None));
        CancellationToken stop = TestContext.Current.CancellationToken;
        using Process program = Process.Start(new ProcessStartInfo(LabManifest.Current.Guests[GuestArchitecture.X64].Program, ["accessors"])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
        })!;
        string output = await program.StandardOutput.ReadToEndAsync(stop);
        await program.WaitForExitAsync(stop);

        program.ExitCode.ShouldBe(0, output);
        Expect("X64", [.. output.Split('\n', StringSplitOptions.RemoveEmptyEntries).Select(line => GuestLine.Parse(line).Result).OfType<GuestResult>()]);
    }

    [Fact]
    public async Task On_arm64_every_accessor_is_one_access_of_its_width()
    {
        GuestRun run = await Lab.RunAsync(Catalogue.Arm64(Iommu.None), "accessors");

        Expect("Arm64", run.ShouldHaveSucceeded().Results);
    }

    private static void Expect(string architecture, IReadOnlyList<GuestResult> results)
    {
        GuestResult compiler = results.Single(result => result.Check == "compiler");
        compiler.Text("architecture").ShouldBe(architecture);
        compiler.Flag("isDynamic").ShouldBe(false);
        GuestResult[] accessors = [.. results.Where(result => result.Check == "accessor")];
        accessors.Length.ShouldBe(Accessors);
        foreach (GuestResult accessor in accessors)
        {
            accessor.Texts("accesses").ShouldBe([accessor.Text("expected")!], accessor.Text("name"));
        }
    }
}
