using System.Collections.Concurrent;
using VfioSharp.Devices.Seam;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>The host's processors, as far as interrupts go: who was given which, and what becomes of one that is raised. Any thread.</summary>
internal sealed class HostInterrupts
{
    private readonly ConcurrentDictionary<HostInterrupt, AssignedInterrupt> assigned = new();
    private long spurious;

    /// <summary>How many were raised that nobody was given.</summary>
    public long Spurious => Volatile.Read(ref spurious);

    /// <summary>Those that somebody was given.</summary>
    public IEnumerable<KeyValuePair<HostInterrupt, AssignedInterrupt>> Assigned => assigned;

    /// <summary>Who was given an interrupt; null where nobody was.</summary>
    public AssignedInterrupt? Find(HostInterrupt interrupt) => assigned.GetValueOrDefault(interrupt);

    /// <summary>The interrupts of a function's messages are its vectors' from now on.</summary>
    public void Assign(EndpointFunction owner, InterruptKind kind, int firstVector, MessageBlock block)
    {
        for (int i = 0; i < block.Interrupts.Length; i++)
        {
            assigned[block.Interrupts[i]] = new AssignedInterrupt(owner, kind, firstVector + i);
        }
    }

    /// <summary>The interrupts of messages are nobody's any more.</summary>
    public void Remove(MessageBlock block)
    {
        foreach (HostInterrupt interrupt in block.Interrupts)
        {
            assigned.TryRemove(interrupt, out _);
        }
    }

    /// <summary>A processor takes an interrupt.</summary>
    public void Raise(HostInterrupt interrupt)
    {
        if (assigned.TryGetValue(interrupt, out AssignedInterrupt? known))
        {
            known.Take();
        }
        else
        {
            Interlocked.Increment(ref spurious);
        }
    }
}
