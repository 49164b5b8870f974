namespace VfioSharp.Nvme.Driver;

/// <summary>Those who have more to do than a queue has slots. They alone allocate.</summary>
internal sealed class SlotWaiters
{
    private readonly Queue<TaskCompletionSource> waiting = [];

    /// <summary>Waits to be woken, behind those who wait already.</summary>
    public Task Add()
    {
        var wait = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        waiting.Enqueue(wait);
        return wait.Task;
    }

    /// <summary>A slot is free.</summary>
    public void WakeOne()
    {
        if (waiting.TryDequeue(out TaskCompletionSource? wait))
        {
            wait.SetResult();
        }
    }

    /// <summary>Commands are refused, or taken again.</summary>
    public void WakeAll()
    {
        while (waiting.Count > 0)
        {
            WakeOne();
        }
    }
}
