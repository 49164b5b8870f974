using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests;

public class LabManifestTests
{
    private const string Json = """
        {
          "qemu": { "x64": ["/q"] },
          "kernels": [{ "name": "6.1", "architecture": "x64", "version": "6.1.0-1", "image": "/i", "modules": "/m" }],
          "busybox": { "x64": "/b" },
          "guests": { "x64": { "program": "/g", "libraries": "/l" } },
          "lspci": { },
          "missing": { "kernel-6.12-x64": "install flex" }
        }
        """;

    [Fact]
    public void What_is_there_can_be_booted()
    {
        LabManifest manifest = LabManifest.Parse(Json);
        manifest.WhyNot("6.1", GuestArchitecture.X64).ShouldBeNull();
        manifest.Find("6.1", GuestArchitecture.X64).ShouldBe(new Kernel("6.1", GuestArchitecture.X64, "6.1.0-1", "/i", "/m"));
        manifest.Qemu[GuestArchitecture.X64].ShouldBe(["/q"]);
    }

    [Theory]
    [InlineData("6.12", GuestArchitecture.X64)]
    [InlineData("6.1", GuestArchitecture.Arm64)]
    public void What_is_not_there_is_said_with_the_reason(string kernel, GuestArchitecture architecture) =>
        LabManifest.Parse(Json).WhyNot(kernel, architecture)!.ShouldContain("install flex");

    [Fact]
    public void A_guest_with_lspci_needs_lspci() =>
        LabManifest.Parse(Json).WhyNot("6.1", GuestArchitecture.X64, withLspci: true)!.ShouldContain("with lspci");

    [Fact]
    public void Without_a_manifest_nothing_is_there() =>
        LabManifest.Load("/nonexistent").WhyNot("6.1", GuestArchitecture.X64)!.ShouldContain("run lab/prepare");
}
