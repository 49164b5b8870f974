using Microsoft.Extensions.Logging;

namespace VfioSharp.VfioUser.Server;

/// <summary>What a server says in its log.</summary>
internal static partial class ServerLog
{
    [LoggerMessage(1, LogLevel.Information, "{Socket}: client {Client} (process {Process}) has the function, version {Major}.{Minor}")]
    public static partial void ClientServed(ILogger logger, string socket, int client, int process, int major, int minor);

    [LoggerMessage(2, LogLevel.Information, "{Socket}: client {Client} (process {Process}) is gone: {Reason}")]
    public static partial void ClientGone(ILogger logger, string socket, int client, int process, string reason);

    [LoggerMessage(3, LogLevel.Warning, "{Socket}: client {Client} (process {Process}) is turned away: {Reason}")]
    public static partial void ClientEnded(ILogger logger, string socket, int client, int process, string reason);

    [LoggerMessage(4, LogLevel.Warning, "{Socket}: client {Client} (process {Process}): {Complaint}")]
    public static partial void Complaint(ILogger logger, string socket, int client, int process, string complaint);

    [LoggerMessage(5, LogLevel.Warning, "{Socket}: clients cannot be accepted now ({Reason})")]
    public static partial void CannotAccept(ILogger logger, string socket, string reason);

    [LoggerMessage(6, LogLevel.Error, "{Socket}: client {Client} could not be let go of")]
    public static partial void TearDownFailed(ILogger logger, string socket, int client, Exception exception);

    [LoggerMessage(7, LogLevel.Error, "{Socket}: working for client {Client} failed; this is a mistake of the server's")]
    public static partial void Broken(ILogger logger, string socket, int client, Exception exception);
}
