using BenchmarkDotNet.Attributes;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Benchmarks;

/// <summary>A large host's snapshot, written to memory and read from it.</summary>
[MemoryDiagnoser]
public class SnapshotBenchmarks
{
    private const int VirtualFunctions = 4096;

    private HostEvidence host = null!;
    private byte[] archive = null!;

    [GlobalSetup]
    public void Fill()
    {
        host = HostEvidence.Read(new SyntheticHost(VirtualFunctions).ToTree());
        archive = Write().ToArray();
    }

    /// <summary>What <c>vfio snapshot</c> does with the evidence it has read.</summary>
    [Benchmark]
    public MemoryStream Write()
    {
        var tree = new MemoryTree();
        host.WriteTo(tree);
        var stream = new MemoryStream();
        SnapshotArchive.Write(tree, stream);
        return stream;
    }

    /// <summary>What <c>vfio audit --root host.tar.gz</c> does before it judges.</summary>
    [Benchmark]
    public HostEvidence Read() => HostEvidence.Read(SnapshotArchive.Read(new MemoryStream(archive)));
}
