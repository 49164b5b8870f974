using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests;

public class SourceTests
{
    private const int MedianLines = 100;

    public static TheoryData<string> Rooms => RoomTests.Rooms;

    [Theory, MemberData(nameof(Rooms))]
    public void A_source_file_is_short_and_declares_one_type_where_its_name_and_folder_say(string name)
    {
        ProjectFile room = Checkout.Rooms.Single(room => room.Name == name);
        string folder = Path.GetRelativePath(Checkout.Root, room.Folder);

        List<SourceFile> files = [.. Checkout.Sources(folder)];

        files.ShouldNotBeEmpty();
        files.SelectMany(file => RoomRules.Layout(file, room.RootNamespace, folder)).ShouldBeEmpty();
    }

    [Fact]
    public void The_median_source_file_fits_on_a_screen_or_two()
    {
        int[] lengths = [.. Checkout.Sources("src").Select(file => file.LineCount).Order()];
        lengths[lengths.Length / 2].ShouldBeLessThan(MedianLines);
    }
}
