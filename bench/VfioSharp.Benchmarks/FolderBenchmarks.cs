using BenchmarkDotNet.Attributes;
using VfioSharp.Linux;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Benchmarks;

/// <summary>Evidence from a folder on disk, as the live host and an unpacked snapshot give it.</summary>
[MemoryDiagnoser]
public class FolderBenchmarks
{
    private const int VirtualFunctions = 4096;

    private string folder = null!;

    [GlobalSetup]
    public void Write()
    {
        folder = Directory.CreateTempSubdirectory("vfiosharp-bench-").FullName;
        HostFiles.WriteFolder(VirtualFunctions, folder);
    }

    [GlobalCleanup]
    public void Remove() => Directory.Delete(folder, true);

    /// <summary>Everything at once, as the program does.</summary>
    [Benchmark]
    public HostEvidence Read() => HostEvidence.Read(LinuxHost.OpenTree(folder));
}
