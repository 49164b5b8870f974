namespace VfioSharp.Cli.Tests.Serving;

/// <summary>What <c>vfio serve</c> does not do, and says why.</summary>
public sealed class ServeRefusalTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("serve", "what? There are: tally, nvme, endpoint-test")]
    [InlineData("serve disk --socket a", "there is no function 'disk' to serve; there are: tally, nvme, endpoint-test")]
    [InlineData("serve --frobnicate --socket a", "--frobnicate")]
    [InlineData("serve tally", "where? --socket PATH")]
    [InlineData("serve tally --socket", "--socket")]
    [InlineData("serve tally --socket a --socket a", "--socket a is named twice")]
    [InlineData("serve tally --fd 3 --fd 3", "--fd 3 is named twice")]
    [InlineData("serve tally --socket a --fd 3", "--socket and --fd exclude each other")]
    [InlineData("serve tally --fd three", "--fd")]
    [InlineData("serve tally --fd 100000", "--fd 100000: no UNIX stream socket that listens")]
    [InlineData("serve tally --fd -1", "--fd -1: no UNIX stream socket that listens")]
    [InlineData("serve tally --socket a --nosid", "--nosid goes with --host-bridge")]
    [InlineData("serve tally --socket a --host-bridge bus", "--host-bridge bus: not one of none, vtd,")]
    [InlineData("serve tally --socket a --host-bridge its --nosid", "source checks")]
    [InlineData("serve tally --socket a --mode fast", "--mode fast: not one of shared, dedicated, spinning")]
    [InlineData("serve tally --socket a --rule perhaps", "--rule perhaps: not one of requireIsolation, neverMap, acceptRisk")]
    [InlineData("serve tally --socket a --socket-mode 888", "--socket-mode 888: not an octal number from 0 to 777")]
    [InlineData("serve tally --socket a --socket-mode 1000", "--socket-mode 1000: not an octal number from 0 to 777")]
    [InlineData("serve tally --socket a --socket-mode 7777777777777", "not an octal number from 0 to 777")]
    public void A_wrong_command_line_ends_with_64_and_a_sentence(string line, string said) => CliRun.Of(line.Split(' ')).ShouldBeRefused(64, said);

    [Fact]
    public void Where_no_socket_can_be_made_it_ends_with_74_and_leaves_nothing_behind()
    {
        CliRun.Of("serve", "tally", "--socket", folder["a.sock"], "--socket", folder["missing/b.sock"])
            .ShouldBeRefused(74, folder["missing/b.sock"], "its folder does not exist");
        Directory.GetFileSystemEntries(folder.Path).ShouldBeEmpty();
        CliRun.Of("serve", "tally", "--socket", folder.File("file", "precious")).ShouldBeRefused(74, "is there and no socket");
        File.ReadAllText(folder["file"]).ShouldBe("precious");
        CliRun.Of("serve", "tally", "--socket", folder[new string('x', 120)]).ShouldBeRefused(74, "at most 107 bytes");
    }
}
