using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests;

/// <summary>What the audit must say of the functions that every machine of the catalogue has.</summary>
internal static class AuditExpectation
{
    private static readonly (string Id, string Driver)[] Functions = [("1b36:0010", "nvme"), ("8086:10c9", "igb")];

    public static void Check(GuestRun run, string verdict, bool accepts)
    {
        run.ShouldHaveSucceeded();
        foreach ((string id, string driver) in Functions)
        {
            GuestResult function = run.All("function").Single(result => result.Text("id") == id);
            function.Text("driver").ShouldBe(driver, run.Describe());
            function.Text("verdict").ShouldBe(verdict, function.ToString());
            function.Flag("kernelAccepts").ShouldBe(accepts, function.ToString());
            function.Text("table").ShouldBe(verdict == "Isolated" ? "Mapped" : "Trapped", function.ToString());
        }
    }
}
