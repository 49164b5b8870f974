using BenchmarkDotNet.Attributes;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Benchmarks;

/// <summary>Evidence from memory, and the judgement on it: time and memory should grow as the functions do.</summary>
[MemoryDiagnoser]
public class AuditBenchmarks
{
    private MemoryTree tree = null!;
    private HostEvidence host = null!;

    /// <summary>Virtual functions of the host.</summary>
    [Params(64, 512, 4096)]
    public int Functions { get; set; }

    [GlobalSetup]
    public void Fill()
    {
        tree = new SyntheticHost(Functions).ToTree();
        host = HostEvidence.Read(tree);
    }

    [Benchmark]
    public HostEvidence Read() => HostEvidence.Read(tree);

    [Benchmark]
    public HostAudit Judge() => HostAudit.Of(host);
}
