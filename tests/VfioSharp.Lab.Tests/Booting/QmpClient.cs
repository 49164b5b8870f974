using System.Collections.Concurrent;
using System.Net.Sockets;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;

namespace VfioSharp.Lab.Tests.Booting;

/// <summary>QEMU's machine protocol (docs/interop/qmp-spec.rst of QEMU), a JSON value a line.</summary>
internal sealed class QmpClient : IAsyncDisposable
{
    private readonly Stream stream;
    private readonly StreamReader reader;
    private readonly Task reading;
    private readonly ConcurrentDictionary<string, TaskCompletionSource<JsonElement>> replies = new();
    private readonly Channel<QmpEvent> events = Channel.CreateUnbounded<QmpEvent>();
    private readonly TaskCompletionSource greeted = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly SemaphoreSlim writing = new(1);
    private int nextId;

    private QmpClient(Stream stream)
    {
        this.stream = stream;
        reader = new StreamReader(stream, Encoding.UTF8);
        reading = ReadAsync();
    }

    /// <summary>Greets QEMU at the other end of a socket.</summary>
    public static async Task<QmpClient> OpenAsync(Socket socket, CancellationToken stop)
    {
        var client = new QmpClient(new NetworkStream(socket, ownsSocket: true));
        await client.greeted.Task.WaitAsync(stop);
        await client.ExecuteAsync("qmp_capabilities", null, stop);
        return client;
    }

    /// <summary>Runs a command and gives what it returns.</summary>
    /// <exception cref="QmpException">QEMU refuses it.</exception>
    public async Task<JsonElement> ExecuteAsync(string command, JsonObject? arguments = null, CancellationToken stop = default)
    {
        string id = $"{Interlocked.Increment(ref nextId)}";
        var reply = new TaskCompletionSource<JsonElement>(TaskCreationOptions.RunContinuationsAsynchronously);
        replies[id] = reply;
        var request = new JsonObject { ["execute"] = command, ["id"] = id };
        if (arguments is not null)
            request["arguments"] = arguments;
        await writing.WaitAsync(stop);
        try
        {
            await stream.WriteAsync(Encoding.UTF8.GetBytes(request.ToJsonString() + "\n"), stop);
        }
        finally
        {
            writing.Release();
        }

        return await reply.Task.WaitAsync(stop);
    }

    /// <summary>Takes a function away, as a hand that pulls a card would after pressing the slot's button; by its <c>id</c>.</summary>
    public Task RemoveDeviceAsync(string id, CancellationToken stop = default) =>
        ExecuteAsync("device_del", new JsonObject { ["id"] = id }, stop);

    /// <summary>Adds a function.</summary>
    public Task AddDeviceAsync(string driver, string id, string bus, CancellationToken stop = default) =>
        ExecuteAsync("device_add", new JsonObject { ["driver"] = driver, ["id"] = id, ["bus"] = bus }, stop);

    /// <summary>Runs a command of the monitor for people, for what no other tells; gives its text.</summary>
    public async Task<string> AskMonitorAsync(string command, CancellationToken stop = default) =>
        (await ExecuteAsync("human-monitor-command", new JsonObject { ["command-line"] = command }, stop)).GetString()!;

    /// <summary>Waits for the next event of a name; those that come before it are dropped.</summary>
    /// <exception cref="ChannelClosedException">QEMU has ended.</exception>
    public async Task<JsonElement> WaitForEventAsync(string name, CancellationToken stop = default)
    {
        while (true)
        {
            QmpEvent next = await events.Reader.ReadAsync(stop);
            if (next.Name == name)
                return next.Data;
        }
    }

    public async ValueTask DisposeAsync()
    {
        await stream.DisposeAsync();
        await reading;
        reader.Dispose();
        writing.Dispose();
    }

    private async Task ReadAsync()
    {
        try
        {
            while (await reader.ReadLineAsync() is { } line)
                Take(JsonElement.Parse(line));
        }
        catch (Exception e) when (e is IOException or ObjectDisposedException or JsonException)
        {
            // The end of QEMU is the end of the conversation, however it shows.
        }

        events.Writer.TryComplete();
        greeted.TrySetException(new QmpException("QEMU hung up"));
        foreach (TaskCompletionSource<JsonElement> waiting in replies.Values)
            waiting.TrySetException(new QmpException("QEMU hung up"));
    }

    private void Take(JsonElement message)
    {
        if (message.TryGetProperty("QMP", out _))
            greeted.TrySetResult();
        else if (message.TryGetProperty("event", out JsonElement name))
            events.Writer.TryWrite(new(name.GetString()!, message.TryGetProperty("data", out JsonElement data) ? data : default));
        else if (message.TryGetProperty("id", out JsonElement id) && replies.TryRemove(id.GetString()!, out TaskCompletionSource<JsonElement>? reply))
        {
            if (message.TryGetProperty("error", out JsonElement error))
                reply.TrySetException(new QmpException(error.GetProperty("desc").GetString()!));
            else
                reply.TrySetResult(message.GetProperty("return"));
        }
    }
}
