using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests;

public class RoomTests
{
    private static readonly HashSet<string> Framework =
        [.. Directory.EnumerateFiles(Path.GetDirectoryName(typeof(object).Assembly.Location)!, "*.dll").Select(path => Path.GetFileNameWithoutExtension(path))];

    public static TheoryData<string> Rooms => [.. Checkout.Rooms.Select(room => room.Name)];

    public static TheoryData<string> Libraries => [.. Checkout.Rooms.Where(room => !room.IsProgram).Select(room => room.Name)];

    [Fact]
    public void The_rooms_that_everything_rests_on_are_there() =>
        new[] { "VfioSharp.Pci", "VfioSharp.Devices", "VfioSharp.Linux", "vfio" }
            .Except(Checkout.Rooms.Select(room => room.Name)).ShouldBeEmpty();

    [Theory, MemberData(nameof(Rooms))]
    public void A_room_refers_only_to_the_rooms_it_may(string name)
    {
        ProjectFile room = Room(name);
        RoomRules.ForbiddenRooms(name, room.ProjectReferences).ShouldBeEmpty();
        RoomRules.ForbiddenRooms(name, Checkout.Assembly(room).References).ShouldBeEmpty();
    }

    [Theory, MemberData(nameof(Libraries))]
    public void A_library_needs_nothing_but_the_framework(string name)
    {
        ProjectFile library = Room(name);
        RoomRules.ForeignPackages(library).ShouldBeEmpty();
        RoomRules.ForeignReferences(Checkout.Assembly(library), Framework).ShouldBeEmpty();
    }

    [Fact]
    public void Exactly_one_room_may_be_unsafe()
    {
        string[] expected = [RoomRules.UnsafeRoom];
        Checkout.Rooms.Where(room => room.AllowsUnsafe).Select(room => room.Name).ShouldBe(expected);
        Checkout.Rooms.Select(Checkout.Assembly).Where(room => room.IsUnsafe).Select(room => room.Name).ShouldBe(expected);
    }

    [Theory, MemberData(nameof(Rooms))]
    public void Native_functions_are_imported_in_one_namespace_of_one_room(string name) =>
        RoomRules.MisplacedImports(Checkout.Assembly(Room(name))).ShouldBeEmpty();

    [Fact]
    public void The_room_of_facts_does_no_input_or_output() =>
        RoomRules.InputOutput(Checkout.Assembly(Room("VfioSharp.Pci"))).ShouldBeEmpty();

    [Theory, MemberData(nameof(Rooms))]
    public void What_a_room_shows_to_others_is_written_down(string name)
    {
        ProjectFile room = Room(name);
        RoomRules.UncheckedSurface(Checkout.Assembly(room), room.Folder).ShouldBeEmpty();
    }

    private static ProjectFile Room(string name) => Checkout.Rooms.Single(room => room.Name == name);
}
