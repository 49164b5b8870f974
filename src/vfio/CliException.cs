namespace VfioSharp.Cli;

/// <summary>Ends a command with a message for its user and a status.</summary>
internal sealed class CliException(ExitStatus status, string message) : Exception(message)
{
    public ExitStatus Status { get; } = status;
}
