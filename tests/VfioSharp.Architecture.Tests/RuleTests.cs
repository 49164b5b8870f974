using System.Runtime.InteropServices;
using System.Xml.Linq;
using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests;

/// <summary>Every rule of the house can be broken: shown on input made up for it, and on this very assembly.</summary>
public class RuleTests
{
    private static readonly AssemblyFacts ThisAssembly = AssemblyFacts.Read(typeof(RuleTests).Assembly.Location);

    [Theory]
    [InlineData("VfioSharp.Pci", "VfioSharp.Devices")]
    [InlineData("VfioSharp.Devices", "VfioSharp.Linux")]
    [InlineData("VfioSharp.Linux", "VfioSharp.VfioUser")]
    [InlineData("VfioSharp.Testing", "VfioSharp.Linux")]
    [InlineData("vfio", "VfioSharp.Testing")]
    [InlineData("VfioSharp.Attic", "System.Runtime")]
    public void A_reference_to_the_wrong_room_is_found(string room, string reference) =>
        RoomRules.ForbiddenRooms(room, [reference]).ShouldHaveSingleItem().ShouldContain(room);

    [Fact]
    public void A_reference_outside_the_framework_is_found() =>
        RoomRules.ForeignReferences(ThisAssembly, new HashSet<string> { "System.Runtime" })
            .ShouldContain("VfioSharp.Architecture.Tests refers to Shouldly");

    [Fact]
    public void A_package_that_users_would_inherit_is_found()
    {
        ProjectFile project = Project(
            """<P><PackageReference Include="A" PrivateAssets="all" /><PackageReference Include="B" /><PackageReference Include="Microsoft.Extensions.Logging.Abstractions" /></P>""");
        RoomRules.ForeignPackages(project).ShouldBe(["made-up uses the package B"]);
    }

    [Fact]
    public void A_native_function_in_the_wrong_room_is_found() =>
        RoomRules.MisplacedImports(ThisAssembly).ShouldBe(["VfioSharp.Architecture.Tests imports getpid in VfioSharp.Architecture.Tests"]);

    [Fact]
    public void A_native_function_in_the_wrong_namespace_of_the_right_room_is_found()
    {
        AssemblyFacts devices = ThisAssembly with
        {
            Name = RoomRules.UnsafeRoom,
            Imports = [new("libc", "open", "VfioSharp.Devices.Dma"), new("libc", "close", RoomRules.InteropNamespace)],
        };
        RoomRules.MisplacedImports(devices).ShouldBe(["VfioSharp.Devices imports open in VfioSharp.Devices.Dma"]);
    }

    [Fact]
    public void Input_and_output_are_found() =>
        RoomRules.InputOutput(ThisAssembly).ShouldContain("VfioSharp.Architecture.Tests uses System.IO.File");

    [Fact]
    public void A_public_type_nobody_wrote_down_is_found() =>
        RoomRules.UncheckedSurface(ThisAssembly, AppContext.BaseDirectory).Count().ShouldBe(2);

    [Fact]
    public void A_project_that_allows_unsafe_code_is_found()
    {
        Project("<P><AllowUnsafeBlocks>true</AllowUnsafeBlocks></P>").AllowsUnsafe.ShouldBeTrue();
        Project("<P />").AllowsUnsafe.ShouldBeFalse();
    }

    [Fact]
    public void A_version_beside_its_use_is_found() =>
        Project("""<P><PackageReference Include="A" Version="1" /><PackageReference Include="B"><Version>1</Version></PackageReference><PackageReference Include="C" VersionOverride="1" /><PackageReference Include="D" /></P>""")
            .VersionedPackages.ShouldBe(["A", "B", "C"]);

    [Fact]
    public void A_version_that_is_not_exact_is_found() =>
        RoomRules.UnpinnedVersions(Project("""<P><PackageVersion Include="A" Version="1.*" /><PackageVersion Include="B" Version="[1,2)" /><PackageVersion Include="C" Version="1.0.0" /><PackageVersion Include="D" /></P>"""))
            .Count().ShouldBe(3);

    private static ProjectFile Project(string xml) => new("made-up.csproj", XElement.Parse(xml));

#pragma warning disable SYSLIB1054, CA1823, IDE0051 // Declared to be found, never called.
    [DllImport("libc", EntryPoint = "getpid")]
    private static extern int GetProcessId();
#pragma warning restore SYSLIB1054, CA1823, IDE0051
}
