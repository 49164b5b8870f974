using VfioSharp.Lab.Tests.Results;

namespace VfioSharp.Lab.Tests;

public class GuestLineTests
{
    [Fact]
    public void A_result_has_an_outcome_and_values()
    {
        GuestResult result = GuestLine.Parse("""{"check":"a","outcome":"failed","detail":"why","values":{"n":7,"s":"x","f":true,"l":["1",2],"z":null}}""").Result!;

        result.Check.ShouldBe("a");
        result.Outcome.ShouldBe(GuestOutcome.Failed);
        result.Detail.ShouldBe("why");
        result.Number("n").ShouldBe(7);
        result.Text("s").ShouldBe("x");
        result.Flag("f").ShouldBe(true);
        result.Texts("l").ShouldBe(["1", "2"]);
        result.Text("z").ShouldBeNull();
        result.Number("absent").ShouldBeNull();
    }

    [Fact]
    public void A_signal_and_the_end_are_told_apart()
    {
        GuestLine.Parse("""{"signal":"ready"}""").ShouldBe(new GuestLine(Signal: "ready"));
        GuestLine.Parse("""{"end":true}""").ShouldBe(new GuestLine(IsEnd: true));
    }

    [Theory]
    [InlineData("")]
    [InlineData("[    1.0] a kernel's word")]
    [InlineData("7")]
    [InlineData("{}")]
    [InlineData("""{"check":"a"}""")]
    [InlineData("""{"check":"a","outcome":"perhaps"}""")]
    [InlineData("""{"check":"a","outcome":"passed" """)]
    public void Anything_else_is_nothing(string line) => GuestLine.Parse(line).ShouldBe(new GuestLine());
}
