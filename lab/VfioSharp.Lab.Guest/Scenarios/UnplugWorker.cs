namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>One of the things that are done with a function in a loop while it goes away.</summary>
internal sealed class UnplugWorker
{
    private readonly Func<Task> round;
    private readonly CancellationToken stop;
    private readonly Task loop;
    private long rounds;

    /// <summary>Starts it on a thread of its own.</summary>
    public UnplugWorker(string name, Func<Task> round, CancellationToken stop)
    {
        Name = name;
        this.round = round;
        this.stop = stop;
        loop = Task.Factory.StartNew(RunAsync, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default).Unwrap();
    }

    public string Name { get; }

    /// <summary>How often it was done.</summary>
    public long Rounds => Interlocked.Read(ref rounds);

    /// <summary>Whether it goes on.</summary>
    public bool IsRunning => !loop.IsCompleted;

    /// <summary>How it ended: the exception's name; <c>stopped</c> where nothing but the end of the load ended it.</summary>
    public async Task<string> EndAsync(CancellationToken giveUp)
    {
        try
        {
            await loop.WaitAsync(giveUp);
            return "stopped";
        }
#pragma warning disable CA1031 // Whatever it is, it is the result.
        catch (Exception e) when (!giveUp.IsCancellationRequested || loop.IsCompleted)
        {
            return e.GetType().Name;
        }
#pragma warning restore CA1031
    }

    private async Task RunAsync()
    {
        while (!stop.IsCancellationRequested)
        {
            await round();
            Interlocked.Increment(ref rounds);
        }
    }
}
