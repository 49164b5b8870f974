using VfioSharp.Architecture.Tests.Facts;

namespace VfioSharp.Architecture.Tests;

public class SourceFileTests
{
    [Theory]
    [InlineData("class A { class Nested { } }", "A")]
    [InlineData("public sealed record A(int X) : B(X);", "A")]
    [InlineData("public readonly record struct A<T>(T X) where T : struct;", "A")]
    [InlineData("internal static partial class A<T> where T : class\n{\n}", "A")]
    [InlineData("internal class A<T, U> where T : class where U : struct, IFoo { }", "A")]
    [InlineData("[Flags]\ninternal enum A : byte { X }", "A")]
    [InlineData("public delegate Task<Dictionary<int, string>> A(object x);", "A")]
    [InlineData("interface A { } // class B { }", "A")]
    [InlineData("/* class B */ ref struct A { string x = \"class C { \"; char c = '{'; }", "A")]
    [InlineData("class A { string x = @\"\"\"}\"; } class B;", "A B")]
    [InlineData("class A { string x = \"\"\"\n } class C \" { \"\"\"; } struct B { }", "A B")]
    [InlineData("class A { string x = $\"{(y ? \"a\" : \"b\")}\"; } enum B { }", "A B")]
    [InlineData("#region class C\nrecord class A { }", "A")]
    [InlineData("return 0;", "")]
    public void The_outermost_types_are_found(string code, string types) =>
        string.Join(' ', new SourceFile("A.cs", code).Types).ShouldBe(types);

    [Fact]
    public void A_file_in_its_place_is_good() =>
        Layout("src/Room/Dma/Iova.cs", "namespace Room.Dma;\nstruct Iova { }\n").ShouldBeEmpty();

    [Theory]
    [InlineData("src/Room/Dma/Iova.cs", "namespace Room;\nstruct Iova { }", "namespace")]
    [InlineData("src/Room/Dma/Iova.cs", "namespace Room.Dma\n{\nstruct Iova { }\n}", "whole file")]
    [InlineData("src/Room/Dma/Iova.cs", "struct Iova { }", "namespace")]
    [InlineData("src/Room/Iova.cs", "namespace Room;\nstruct Iova { }\nstruct Range { }", "Iova, Range")]
    [InlineData("src/Room/Iova.cs", "namespace Room;\nstruct Range { }", "Range")]
    [InlineData("src/Room/Iova.cs", "namespace Room;\n", "Iova alone")]
    public void A_file_out_of_place_is_found(string path, string text, string complaint) =>
        Layout(path, text).ShouldContain(violation => violation.Contains(complaint, StringComparison.Ordinal));

    [Theory]
    [InlineData(400, 0)]
    [InlineData(401, 1)]
    public void A_long_file_is_found(int lines, int violations) =>
        Layout("src/Room/Iova.cs", "namespace Room; struct Iova;" + new string('\n', lines - 1) + "// end\n").Count().ShouldBe(violations);

    private static IEnumerable<string> Layout(string path, string text) =>
        RoomRules.Layout(new SourceFile(path, text), "Room", "src/Room");
}
