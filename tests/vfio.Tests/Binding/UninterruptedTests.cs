using VfioSharp.Cli.Commands;

namespace VfioSharp.Cli.Tests.Binding;

public sealed class UninterruptedTests
{
    [Fact]
    public void What_runs_keeps_the_process_alive()
    {
        bool? background = null;
        Uninterrupted.Run(() => background = Thread.CurrentThread.IsBackground);
        background.ShouldBe(false);
    }

    [Fact]
    public void What_goes_wrong_comes_out() =>
        Should.Throw<CliException>(() => Uninterrupted.Run(() => throw new CliException(ExitStatus.IoError, "broken"))).Message.ShouldBe("broken");
}
