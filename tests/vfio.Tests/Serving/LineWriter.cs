using System.Text;

namespace VfioSharp.Cli.Tests.Serving;

/// <summary>Takes what a command writes while it runs, and lets others wait for a line of it.</summary>
internal sealed class LineWriter : TextWriter
{
    private readonly Lock gate = new();
    private readonly StringBuilder text = new();
    private TaskCompletionSource changed = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public override Encoding Encoding => Encoding.UTF8;

    public override void Write(char value)
    {
        lock (gate)
        {
            text.Append(value);
            if (value == '\n')
            {
                changed.SetResult();
                changed = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
            }
        }
    }

    public override string ToString()
    {
        lock (gate)
        {
            return text.ToString();
        }
    }

    /// <summary>Waits until it holds this.</summary>
    public async Task WaitForAsync(string wanted, CancellationToken stop)
    {
        while (true)
        {
            Task next;
            lock (gate)
            {
                if (text.ToString().Contains(wanted, StringComparison.Ordinal))
                {
                    return;
                }

                next = changed.Task;
            }

            await next.WaitAsync(stop);
        }
    }
}
