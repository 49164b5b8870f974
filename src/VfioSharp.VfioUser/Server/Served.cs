using System.Collections.Immutable;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VfioUser.Server;

/// <summary>A function that is served, with what its clients are told of it: made once, for it does not change.</summary>
internal sealed class Served
{
    private readonly byte[][] regionInfos = new byte[RegionIndex.Count][];
    private readonly FileDescriptor?[] regionFiles = new FileDescriptor?[RegionIndex.Count];
    private readonly ulong[] regionLengths = new ulong[RegionIndex.Count];

    public Served(EmulatedFunction function, VfioUserServerOptions options)
    {
        Function = function;
        Options = options;
        FunctionLayout layout = function.Layout;
        var decisions = ImmutableArray.CreateBuilder<MsixTableDecision>();
        for (int index = 0; index < RegionIndex.Count; index++)
        {
            regionLengths[index] = index == RegionIndex.Configuration ? (ulong)function.Core.ConfigurationLength : layout.Bar(index)?.Length ?? 0;
            ImmutableArray<ByteRange> mapped = [];
            bool isMsixMappable = false;
            if (index < RegionIndex.Bars && function.Core.Bars.StoreOf(index) is { } store)
            {
                MsixTableDecision decision = Decide(function, index, store, options);
                decisions.Add(decision);

                // A piece smaller than a page would be mapped with what lies behind it.
                mapped = [.. decision.Mapped.Where(range => (range.Length & (decision.Question.PageSize - 1)) == 0)];
                isMsixMappable = decision is { Question.Table: not null, Access: MsixTableAccess.Mapped } && mapped.Any(range => range.Contains(decision.TablePages));
                regionFiles[index] = mapped.IsEmpty ? null : store.File.File;
            }

            regionInfos[index] = RegionInfoWriter.Write(index, regionLengths[index], !mapped.IsEmpty, mapped, isMsixMappable);
        }

        Decisions = decisions.ToImmutable();
    }

    public EmulatedFunction Function { get; }

    public VfioUserServerOptions Options { get; }

    /// <summary>What was decided for each BAR that holds memory.</summary>
    public ImmutableArray<MsixTableDecision> Decisions { get; }

    /// <summary>One client at a time; who comes meanwhile waits here.</summary>
    public SemaphoreSlim Turn { get; } = new(1);

    public ServerCounters Counters { get; } = new();

    /// <summary>A region's length in bytes; 0 where there is none.</summary>
    public ulong LengthOf(uint region) => region < (uint)regionLengths.Length ? regionLengths[region] : 0;

    /// <summary>A region as a client is told of it.</summary>
    public ReadOnlySpan<byte> InfoOf(int region) => regionInfos[region];

    /// <summary>The file through which a region is mapped; null where it cannot be.</summary>
    public FileDescriptor? FileOf(int region) => regionFiles[region];

    // A function that sits on a host is as isolated as its place there.
    private static MsixTableDecision Decide(EmulatedFunction function, int index, BarStore store, VfioUserServerOptions options)
    {
        FunctionLayout layout = function.Layout;
        IFunctionPlacement? placement = function.Core.Placement;
        MsixPlacement? msix = layout.MsixPlacement;
        ByteRange? table = msix?.TableBar == index ? new ByteRange(msix.TableOffset, msix.Capability.TableLength) : null;
        ByteRange? pba = msix?.PbaBar == index ? new ByteRange(msix.PbaOffset, msix.Capability.PbaLength) : null;
        return MsixTablePolicy.Decide(new MsixTableQuestion(
            new ByteRange(0, layout.Bar(index)!.Length), table, pba, store.Mappable, (ulong)Environment.SystemPageSize, placement?.Isolation ?? options.Isolation, options.TableRule)
        {
            IsolationAdvice = placement?.IsolationAdvice,
        });
    }
}
