using System.Collections.Immutable;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>The host's interrupt files and identities, as far as they are free: the harts' own, whichever IOMMU a message passes.</summary>
/// <param name="layout">Which files there are.</param>
internal sealed class ImsicSupply(ImsicLayout layout)
{
    private readonly ImmutableArray<NumberSpace> identities =
        [.. Enumerable.Range(0, layout.Harts).Select(_ => new NumberSpace(1, layout.Identities))];

    private readonly Queue<uint> guestFiles = new(
        from guest in Enumerable.Range(1, layout.GuestFiles)
        from hart in Enumerable.Range(0, layout.Harts)
        select layout.FileOf(hart, guest));

    private int next;

    /// <summary>Takes consecutive identities of one hart's supervisor-level file, the first a multiple of their number; null where no hart has them.</summary>
    public HostInterrupt? Take(int count)
    {
        for (int tried = 0; tried < layout.Harts; tried++)
        {
            int hart = next;
            next = (next + 1) % layout.Harts;
            int identity = identities[hart].Take(count);
            if (identity > 0)
            {
                return new HostInterrupt(layout.FileOf(hart, 0), (uint)identity);
            }
        }

        return null;
    }

    /// <summary>Gives identities back.</summary>
    public void Return(HostInterrupt first, int count) => identities[layout.HartOf(first.Processor)].Return((int)first.Vector, count);

    /// <summary>Takes a guest file; null where there is none.</summary>
    public uint? TakeGuestFile() => guestFiles.TryDequeue(out uint file) ? file : null;

    /// <summary>Gives a guest file back.</summary>
    public void ReturnGuestFile(uint file) => guestFiles.Enqueue(file);
}
