using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Nvme;

/// <summary>What is measured.</summary>
/// <param name="Target">The namespace.</param>
/// <param name="Workload">What is done.</param>
/// <param name="BlockCount">Of each I/O, in logical blocks.</param>
/// <param name="Depth">How many are under way in each queue.</param>
/// <param name="Queues">How many queues, each with a thread of its own.</param>
/// <param name="Time">For how long.</param>
/// <param name="Interrupts">Await interrupts instead of looking for completions.</param>
internal sealed record PerfPlan(NvmeNamespaceInfo Target, PerfWorkload Workload, int BlockCount, int Depth, int Queues, TimeSpan Time, bool Interrupts)
{
    /// <summary>Of each I/O, in bytes.</summary>
    public int IoLength => BlockCount * Target.BlockSize;

    /// <summary>How many such I/Os lie side by side in the namespace.</summary>
    public long Places => Target.BlockCount / BlockCount;

    /// <summary>Whether it writes.</summary>
    public bool Writes => Workload is not (PerfWorkload.RandRead or PerfWorkload.Read);
}
