using System.Text.Json;

namespace VfioSharp.Cli.Tests;

/// <summary>What a command printed and how it ended.</summary>
internal sealed record CliRun(int Status, string Output, string Error)
{
    /// <summary>Runs a command in this process.</summary>
    public static CliRun Of(params string[] arguments)
    {
        using var output = new StringWriter();
        using var error = new StringWriter();
        ExitStatus status = Cli.Run(arguments, output, error);
        return new CliRun((int)status, output.ToString(), error.ToString());
    }

    /// <summary>The one JSON document that was printed; fails where there is none, or more than one, or anything beside it.</summary>
    public JsonElement Json()
    {
        using JsonDocument document = JsonDocument.Parse(Output);
        return document.RootElement.Clone();
    }

    /// <summary>Ended as a command does that was refused: nothing for a reader of its output, a sentence for its user.</summary>
    public CliRun ShouldBeRefused(int status, params string[] said)
    {
        Status.ShouldBe(status, Error);
        Output.ShouldBeEmpty();
        Error.ShouldStartWith("vfio: ");
        Error.ShouldNotContain("   at ");
        foreach (string word in said)
        {
            Error.ShouldContain(word, Case.Sensitive);
        }

        return this;
    }
}
