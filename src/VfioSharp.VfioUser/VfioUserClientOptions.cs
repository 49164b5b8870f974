using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VfioUser;

/// <summary>How a served function is driven.</summary>
public sealed record VfioUserClientOptions
{
    /// <summary>What the server may make this process hold, and how long it may keep it waiting.</summary>
    public VfioUserLimits Limits { get; init; } = VfioUserLimits.Default;

    /// <summary>How long to wait for the server to be there, and free, before connecting counts as failed. Not at all by default.</summary>
    public TimeSpan WaitForServer { get; init; }

    /// <summary>
    /// Whether the function's MSIs are isolated. They are: a server signals by the eventfds it was given and by nothing else, whatever the table holds.
    /// </summary>
    public IsolationVerdict Isolation { get; init; } = IsolationVerdict.Isolated;

    /// <summary>What is wanted of the page that holds the MSI-X table.</summary>
    public MsixTableRule TableRule { get; init; } = MsixTableRule.RequireIsolation;

    /// <summary>
    /// Map memory of BARs although the server could take it away, which would end the process: its file cannot be sealed. SPDK's cannot. By default such
    /// memory is not mapped but reached by messages.
    /// </summary>
    public bool TrustPeerMemory { get; init; }

    /// <summary>
    /// Do not wait for the reply to a write of a BAR. A read over the socket still comes after it, as on PCI; a load from a mapped page, and an interrupt,
    /// may not. What the server thinks of a write it cannot tell.
    /// </summary>
    public bool PostedWrites { get; init; }

    /// <summary>The addresses that the function can use for DMA, ascending and apart; by default all up to 48 bits but the first MiB and x86's interrupt window.</summary>
    public ImmutableArray<IovaRange> DmaRanges { get; init; } =
    [
        new IovaRange(new Iova(0x10_0000), new Iova(0xFEDF_FFFF)), new IovaRange(new Iova(0xFEF0_0000), new Iova(0xFFFF_FFFF_FFFF)),
    ];

    /// <summary>The loop that delivers its interrupts, and notices the server's end; <see cref="EventLoop.Shared"/> by default.</summary>
    public EventLoop? Events { get; init; }

    /// <summary>Is given a line for each message, decoded; slow.</summary>
    public Action<string>? Trace { get; init; }

    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    internal void Check()
    {
        ArgumentNullException.ThrowIfNull(Limits);
        Limits.Check();
        ArgumentOutOfRangeException.ThrowIfLessThan(WaitForServer, TimeSpan.Zero);
        if (!Enum.IsDefined(Isolation) || !Enum.IsDefined(TableRule) || DmaRanges.IsDefault)
        {
            throw new ArgumentException("a verdict, rule or list of ranges is none that there is");
        }
    }
}
