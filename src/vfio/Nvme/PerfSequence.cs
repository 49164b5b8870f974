namespace VfioSharp.Cli.Nvme;

/// <summary>Where the I/Os of a queue go, one after another. Allocates nothing; one thread.</summary>
/// <param name="plan">What is measured.</param>
/// <param name="queue">Which of the queues, from 0: those that go in order start apart.</param>
internal sealed class PerfSequence(PerfPlan plan, int queue)
{
    private ulong state = 0x9E37_79B9_7F4A_7C15UL * ((ulong)queue + 1);
    private long next = plan.Places / plan.Queues * queue;

    /// <summary>The next I/O.</summary>
    /// <returns>Its first block, and whether it is a write.</returns>
    public (ulong Block, bool Write) Next()
    {
        switch (plan.Workload)
        {
            case PerfWorkload.Read or PerfWorkload.Write:
                long place = next;
                next = next + 1 == plan.Places ? 0 : next + 1;
                return ((ulong)place * (ulong)plan.BlockCount, plan.Workload == PerfWorkload.Write);
            default:
                ulong random = Random();
                ulong anywhere = (ulong)(((UInt128)random * (ulong)plan.Places) >> 64);
                return (anywhere * (ulong)plan.BlockCount, plan.Workload == PerfWorkload.RandWrite || (plan.Workload == PerfWorkload.RandRw && (random & 1) != 0));
        }
    }

    // xorshift64*: even enough to spread I/O, and no more than a few instructions.
    private ulong Random()
    {
        state ^= state >> 12;
        state ^= state << 25;
        state ^= state >> 27;
        return state * 0x2545_F491_4F6C_DD1DUL;
    }
}
