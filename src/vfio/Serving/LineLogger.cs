using System.Globalization;
using Microsoft.Extensions.Logging;
using VfioSharp.Cli.Output;

namespace VfioSharp.Cli.Serving;

/// <summary>A log of one line an entry: time of day, level, text.</summary>
/// <param name="writer">Takes the lines, from any thread.</param>
internal sealed class LineLogger(TextWriter writer) : ILogger
{
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public bool IsEnabled(LogLevel logLevel) => logLevel is >= LogLevel.Information and not LogLevel.None;

    /// <inheritdoc/>
    public IDisposable? BeginScope<TState>(TState state)
        where TState : notnull => null;

    /// <inheritdoc/>
    public void Log<TState>(LogLevel logLevel, EventId eventId, TState state, Exception? exception, Func<TState, Exception?, string> formatter)
    {
        if (IsEnabled(logLevel))
        {
            Write(logLevel, exception is null ? formatter(state, null) : $"{formatter(state, exception)}: {exception.GetType().Name}: {exception.Message}");
        }
    }

    /// <summary>Writes a line, whatever its level.</summary>
    public void Write(LogLevel level, string text)
    {
        string name = level switch
        {
            LogLevel.Trace => "trace",
            LogLevel.Debug => "debug",
            LogLevel.Information => "info",
            LogLevel.Warning => "warning",
            _ => "error",
        };

        // Some of it is what a peer sent.
        string line = string.Create(CultureInfo.InvariantCulture, $"{DateTime.Now:HH:mm:ss.fff} {name}: {ConsoleLines.Harmless(text)}");
        lock (gate)
        {
            try
            {
                writer.WriteLine(line);
            }
            catch (IOException)
            {
                // A full disk ends neither the server nor the client that it serves.
            }
        }
    }
}
