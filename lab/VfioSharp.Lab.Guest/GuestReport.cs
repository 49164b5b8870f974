using System.Text;

namespace VfioSharp.Lab.Guest;

/// <summary>What a scenario saw, as JSON lines: see <c>lab/README.md</c>. May be used from any thread.</summary>
/// <param name="output">Where the lines go.</param>
/// <param name="input">Where lines of the host come from.</param>
internal sealed class GuestReport(Stream output, Stream input) : IDisposable
{
    private readonly Lock writing = new();
    private readonly StreamReader replies = new(input, Encoding.UTF8, detectEncodingFromByteOrderMarks: false, bufferSize: 256);

    /// <summary>Whether any check has failed.</summary>
    public bool HasFailed { get; private set; }

    /// <summary>Does something that must not throw, and reports whether it did.</summary>
    /// <returns>Whether it succeeded.</returns>
    public bool Check(string check, Action action) => CheckAsync(check, () =>
    {
        action();
        return Task.CompletedTask;
    }).GetAwaiter().GetResult();

    /// <inheritdoc cref="Check(string, Action)"/>
    public async Task<bool> CheckAsync(string check, Func<Task> action)
    {
        try
        {
            await action();
            Pass(check);
            return true;
        }
#pragma warning disable CA1031 // Whatever it is, it is the result of the check.
        catch (Exception e)
        {
            Fail(check, e.ToString());
            return false;
        }
#pragma warning restore CA1031
    }

    /// <summary>Reports that something is as it must be.</summary>
    public void Pass(string check, string? detail = null, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Write(ResultLine.Of(check, "passed", detail, values));

    /// <summary>Reports that something is not as it must be.</summary>
    public void Fail(string check, string detail, params ReadOnlySpan<(string Name, object? Value)> values)
    {
        HasFailed = true;
        Write(ResultLine.Of(check, "failed", detail, values));
    }

    /// <summary>Reports what was seen, for the host to judge. Values are strings, booleans, numbers, enums, null, or sequences of those.</summary>
    public void Observe(string check, params ReadOnlySpan<(string Name, object? Value)> values) =>
        Write(ResultLine.Of(check, "observed", null, values));

    /// <summary>Tells the host that a point has been reached at which it acts.</summary>
    public void Signal(string name) => Write(ResultLine.OfSignal(name));

    /// <summary>Waits for the host's next line.</summary>
    /// <exception cref="EndOfStreamException">The host has hung up.</exception>
    public async Task<string> WaitForHostAsync(CancellationToken stop = default) =>
        await replies.ReadLineAsync(stop) ?? throw new EndOfStreamException("the host has hung up");

    /// <summary>Tells the host that nothing will follow; without it a run counts as broken off.</summary>
    public void End() => Write(ResultLine.OfEnd());

    public void Dispose() => replies.Dispose();

    private void Write(byte[] line)
    {
        lock (writing)
        {
            output.Write(line);
            output.Flush();
        }
    }
}
