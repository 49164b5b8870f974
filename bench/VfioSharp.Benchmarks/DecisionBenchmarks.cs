using BenchmarkDotNet.Attributes;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Benchmarks;

/// <summary>The decision about one table's page, with its explanation and without.</summary>
[MemoryDiagnoser]
public class DecisionBenchmarks
{
    private static readonly ByteRange Bar = new(0, 0x10000);

    private MsixTableQuestion question = null!;

    /// <summary>What the decision hangs on.</summary>
    [Params(IsolationVerdict.Isolated, IsolationVerdict.NotIsolated)]
    public IsolationVerdict Verdict { get; set; }

    [GlobalSetup]
    public void Ask() => question = new MsixTableQuestion(
        Bar, new ByteRange(0x5200, 129 * 16), new ByteRange(0xd600, 24), BackendRanges.Whole(Bar), 4096, Verdict, MsixTableRule.RequireIsolation);

    [Benchmark]
    public MsixTableDecision Decide() => MsixTablePolicy.Decide(question);

    [Benchmark]
    public string Explain() => MsixTablePolicy.Decide(question).Explain();
}
