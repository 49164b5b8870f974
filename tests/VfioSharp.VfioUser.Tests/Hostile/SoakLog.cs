using System.Collections.Concurrent;
using Microsoft.Extensions.Logging;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Keeps what a server says of its clients' misdeeds.</summary>
internal sealed class SoakLog : ILogger
{
    private readonly ConcurrentQueue<string> lines = [];

    /// <summary>Takes the warnings and errors that have come since the last time.</summary>
    public List<string> Take()
    {
        var taken = new List<string>();
        while (lines.TryDequeue(out string? line))
        {
            taken.Add(line);
        }

        return taken;
    }

    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    public bool IsEnabled(LogLevel logLevel) => logLevel >= LogLevel.Warning;

    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            lines.Enqueue($"{logLevel}: {formatter(state, exception)}{(exception is null ? "" : $" {exception}")}");
        }
    }
}
