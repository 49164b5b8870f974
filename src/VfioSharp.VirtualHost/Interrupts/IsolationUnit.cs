using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>
/// Hardware that stands between the functions below a host bridge and the processors, and decides what becomes of a message: a function from
/// requester, address and data to an interrupt or a fault. It knows registers, and tables in memory; what those hold is the host's doing.
/// </summary>
/// <remarks>Messages come from any thread. A unit reads its tables as hardware does, at each message and without a lock.</remarks>
public abstract class IsolationUnit
{
    private const int FaultRecords = 64;

    private readonly Lock gate = new();
    private readonly BlockedMessage[] records = new BlockedMessage[FaultRecords];
    private long delivered;
    private long blocked;

    private protected IsolationUnit()
    {
    }

    /// <summary>Its name, as its users know it.</summary>
    public abstract string Name { get; }

    /// <summary>How many messages it delivered.</summary>
    public long Delivered => Volatile.Read(ref delivered);

    /// <summary>How many messages it blocked.</summary>
    public long Blocked => Volatile.Read(ref blocked);

    /// <summary>The messages it blocked last, oldest first; at most 64.</summary>
    public ImmutableArray<BlockedMessage> FaultLog
    {
        get
        {
            lock (gate)
            {
                int count = (int)Math.Min(blocked, FaultRecords);
                return [.. Enumerable.Range(0, count).Select(i => records[(blocked - count + i) % FaultRecords])];
            }
        }
    }

    /// <summary>Takes a write of four bytes by a function below the host bridge.</summary>
    /// <param name="requester">The function's ID as it arrives at the host bridge: behind a conventional bridge, that bridge's.</param>
    /// <param name="address">Where, as it appears on the bus; one for which <see cref="IsMessage"/> is true.</param>
    /// <param name="data">What.</param>
    public MessageOutcome Receive(RequesterId requester, ulong address, uint data)
    {
        MessageOutcome outcome = Filter(requester, address, data);
        if (outcome.IsDelivered)
        {
            Interlocked.Increment(ref delivered);
        }
        else
        {
            Block(new BlockedMessage(requester, address, data, outcome.Fault));
        }

        return outcome;
    }

    /// <summary>Takes a write of another width or alignment where messages are taken, which is none: it is blocked.</summary>
    /// <param name="requester">As <see cref="Receive"/>.</param>
    /// <param name="address">As <see cref="Receive"/>.</param>
    internal MessageOutcome ReceiveMisshapen(RequesterId requester, ulong address)
    {
        Block(new BlockedMessage(requester, address, 0, Misshapen));
        return MessageOutcome.Blocked(Misshapen);
    }

    /// <summary>Whether a write there is taken for a message rather than for data.</summary>
    /// <param name="address">As it appears on the bus.</param>
    public abstract bool IsMessage(ulong address);

    /// <summary>Whether it confines messages now, by its own registers and tables.</summary>
    public abstract UnitCondition Examine();

    /// <summary>Whether it keeps a function's DMA from memory, whatever an IOMMU would say, as hardware does that punishes faults.</summary>
    /// <param name="requester">As <see cref="Receive"/>.</param>
    internal virtual bool StopsDma(RequesterId requester) => false;

    /// <summary>What becomes of a message; nothing else happens.</summary>
    /// <inheritdoc cref="Receive"/>
    internal abstract MessageOutcome Filter(RequesterId requester, ulong address, uint data);

    /// <summary>The reason for which a write that has not a message's shape is blocked.</summary>
    private protected virtual MessageFault Misshapen => InterruptFaults.Misshapen;

    /// <summary>What else happens when a message was blocked. Called from any thread, without a lock.</summary>
    private protected virtual void OnBlocked(in BlockedMessage message)
    {
    }

    private void Block(in BlockedMessage message)
    {
        lock (gate)
        {
            records[blocked++ % FaultRecords] = message;
        }

        OnBlocked(message);
    }
}
