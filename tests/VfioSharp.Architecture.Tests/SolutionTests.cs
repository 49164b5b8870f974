using System.Xml.Linq;
using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests;

public class SolutionTests
{
    private static readonly string[] InSolution =
    [
        .. XElement.Load(Path.Combine(Checkout.Root, "VfioSharp.slnx")).Descendants("Project").Select(project => project.Attribute("Path")!.Value),
    ];

    [Fact]
    public void The_solution_and_the_tree_hold_the_same_projects() =>
        InSolution.ShouldBe(
            Checkout.Rooms.Concat(Checkout.Tests).Select(project => Path.GetRelativePath(Checkout.Root, project.Path)).Union(InSolution.Where(OutsideRoomsAndTests)),
            ignoreOrder: true);

    [Fact]
    public void Every_project_of_the_solution_exists() =>
        InSolution.Where(project => !File.Exists(Path.Combine(Checkout.Root, project))).ShouldBeEmpty();

    [Fact]
    public void A_project_is_named_like_its_folder() =>
        Checkout.Rooms.Concat(Checkout.Tests).Where(project => project.Name != Path.GetFileName(project.Folder)).ShouldBeEmpty();

    [Fact]
    public void Every_room_has_a_test_project() =>
        Checkout.Rooms.Select(room => room.Name + ".Tests").Except(Checkout.Tests.Select(project => project.Name)).ShouldBeEmpty();

    [Fact]
    public void Versions_of_packages_stand_in_one_file()
    {
        Checkout.BuildFiles().Select(ProjectFile.Load)
            .SelectMany(file => file.VersionedPackages.Select(package => $"{file.Name}: {package}"))
            .ShouldBeEmpty();
        Packages.Property("ManagePackageVersionsCentrally").ShouldBe("true");
        Packages.Property("CentralPackageTransitivePinningEnabled").ShouldBe("true");
    }

    [Fact]
    public void Versions_of_packages_are_exact() => RoomRules.UnpinnedVersions(Packages).ShouldBeEmpty();

    [Fact]
    public void No_shared_build_file_allows_unsafe_code() =>
        Checkout.BuildFiles().Where(path => !path.EndsWith(".csproj", StringComparison.Ordinal)).Select(ProjectFile.Load)
            .Where(file => file.Property("AllowUnsafeBlocks") != null).ShouldBeEmpty();

    private static ProjectFile Packages => ProjectFile.Load(Path.Combine(Checkout.Root, "Directory.Packages.props"));

    private static bool OutsideRoomsAndTests(string project) =>
        !project.StartsWith("src/", StringComparison.Ordinal) && !project.StartsWith("tests/", StringComparison.Ordinal);
}
