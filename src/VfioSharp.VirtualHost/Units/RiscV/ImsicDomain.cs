using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// The host's side of IMSIC files behind an IOMMU: an address space and an MSI page table a group, and identities of the files that the table leads to.
/// Linux has shared files alone (drivers/irqchip/irq-riscv-imsic-platform.c); the others are what the architecture has for virtual machines.
/// </summary>
internal sealed class ImsicDomain : MsiDomain
{
    private const int PageLength = 1 << ImsicLayout.PageShift;
    private const int PageWords = PageLength / sizeof(ulong);
    private const int EntriesAPage = PageLength / MsiPageEntry.Length;

    // The MSI page table has the first half of a group's page at most when the group has a memory-resident file.
    private const int ResidentFileOffset = PageLength / 2;

    private readonly ImsicUnit unit;
    private readonly ImsicLayout layout;
    private readonly ImsicFiles files;
    private readonly NumberSpace pages;
    private readonly ImsicSupply supply;
    private readonly DeviceDirectory directory;
    private readonly Dictionary<int, ImsicGroup> groups = [];

    /// <summary>Sets up the device directory and turns translation on.</summary>
    /// <param name="unit">The hardware.</param>
    /// <param name="supply">The host's files, which all its IOMMUs share.</param>
    /// <param name="files">Which of them groups may write to.</param>
    public ImsicDomain(ImsicUnit unit, ImsicSupply supply, ImsicFiles files)
    {
        this.unit = unit;
        this.supply = supply;
        this.files = files;
        layout = unit.Layout;
        pages = new NumberSpace(0, unit.Tables.Length / PageLength);
        directory = new DeviceDirectory(unit, pages);
        unit.NoticeIdentity = files == ImsicFiles.Mrif ? (uint)unit.Identities : 0;
    }

    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    public override PciBusFlags RootBusFlags => files == ImsicFiles.Shared ? PciBusFlags.None : PciBusFlags.MsiIsolated;

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count)
    {
        int key = KeyOf(source);
        ImsicGroup? group = groups.GetValueOrDefault(key) ?? Create();
        if (group is null)
        {
            return null;
        }

        groups[key] = group;
        if (Admit(group, source) && Take(group, count) is { } first)
        {
            group.Blocks++;
            int entry = (group.Page * EntriesAPage) + (files == ImsicFiles.Shared ? layout.HartOf(first.Processor) : 0);
            return new MessageBlock(
                source, files == ImsicFiles.Shared ? ImsicLayout.AddressOf(first.Processor) : ImsicLayout.Base, first.Vector,
                [.. Enumerable.Range(0, count).Select(i => first with { Vector = first.Vector + (uint)i })], entry);
        }

        DissolveIfUnused(key, group);
        return null;
    }

    /// <inheritdoc/>
    public override void Free(MessageBlock block)
    {
        int key = KeyOf(block.Source);
        ImsicGroup group = groups[key];
        HostInterrupt first = block.Interrupts[0];
        if (group.Identities is { } identities)
        {
            identities.Return((int)first.Vector, block.Interrupts.Length);
        }
        else
        {
            supply.Return(first, block.Interrupts.Length);
        }

        group.Blocks--;
        DissolveIfUnused(key, group);
    }

    /// <inheritdoc/>
    public override IEnumerable<InterruptMessage> Forge(MessageBlock victim)
    {
        MsiPageEntry entry = ReadEntry(victim.Entry);
        foreach ((InterruptMessage message, HostInterrupt interrupt) in victim.Messages.Zip(victim.Interrupts))
        {
            // To the file's page as the victim knows it and to the page that it really is, or to which the notice goes; in both byte orders.
            InterruptMessage real = layout.IsFile(interrupt.Processor)
                ? new(ImsicLayout.AddressOf(interrupt.Processor), interrupt.Vector)
                : new(entry.NoticePage, entry.NoticeIdentity);
            yield return message;
            yield return Swap(message);
            yield return real;
            yield return Swap(real);
        }
    }

    /// <inheritdoc/>
    /// <remarks>
    /// Tables do not change what a message says, with one exception: the notice of a memory-resident file is an address and a number from the table. It
    /// raises any identity of any file. Where the victim's file is itself a memory-resident one, the function can be led to it, but what it raises there
    /// is the identity that its message has.
    /// </remarks>
    public override IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim)
    {
        HostInterrupt wanted = victim.Interrupts[0];
        ulong at = unit.Tables.Address + (ulong)(own.Entry * MsiPageEntry.Length);
        MsiPageEntry entry = layout.IsFile(wanted.Processor)
            ? MsiPageEntry.ToResident(unit.Tables.Address, ImsicLayout.AddressOf(wanted.Processor), wanted.Vector)
            : ReadEntry(victim.Entry);
        return [new(at + sizeof(ulong), entry.High), new(at, entry.Low)];
    }

    // A function that nothing puts into a group is one of its own.
    private static int KeyOf(MessageSource source) => source.Group >= 0 ? source.Group : ~(int)source.SeenAs.Value;

    private static InterruptMessage Swap(InterruptMessage message) =>
        new(message.Address + 4, System.Buffers.Binary.BinaryPrimitives.ReverseEndianness(message.Data));

    private ImsicGroup? Create()
    {
        int page = pages.Take(1);
        if (page < 0)
        {
            return null;
        }

        if (FileFor(page) is not { } file)
        {
            pages.Return(page, 1);
            return null;
        }

        return new ImsicGroup
        {
            Page = page,
            File = file,
            Identities = files == ImsicFiles.Shared ? null : new NumberSpace(1, unit.Identities),
        };
    }

    // Writes the MSI page table on a page. Of shared files there is an entry for each; the file that is returned is of no meaning then.
    private uint? FileFor(int page)
    {
        int entry = page * EntriesAPage;
        switch (files)
        {
            case ImsicFiles.Shared:
                for (int hart = 0; hart < layout.Harts; hart++)
                {
                    WriteEntry(entry + hart, MsiPageEntry.ToPage(ImsicLayout.AddressOf(layout.FileOf(hart, 0))));
                }

                return 0;

            case ImsicFiles.Own:
                uint? file = supply.TakeGuestFile();
                if (file is { } own)
                {
                    WriteEntry(entry, MsiPageEntry.ToPage(ImsicLayout.AddressOf(own)));
                }

                return file;

            default:
                ulong address = AddressOf(page) + ResidentFileOffset;
                ulong notified = ImsicLayout.AddressOf(layout.FileOf(page % layout.Harts, 0));
                WriteEntry(entry, MsiPageEntry.ToResident(address, notified, unit.NoticeIdentity));
                return ImsicUnit.ResidentFileAt(address);
        }
    }

    private bool Admit(ImsicGroup group, MessageSource source)
    {
        DeviceContext context = DeviceContext.For(
            (ushort)group.Page, AddressOf(group.Page),
            files == ImsicFiles.Shared ? layout.HartMask : 0, ImsicLayout.Base >> ImsicLayout.PageShift);
        foreach (RequesterId id in source.Ids.Where(id => !group.Devices.Contains(id.Value)))
        {
            if (!directory.TryWrite(id.Value, context))
            {
                return false;
            }

            group.Devices.Add(id.Value);
        }

        return true;
    }

    private HostInterrupt? Take(ImsicGroup group, int count)
    {
        if (group.Identities is { } identities)
        {
            int identity = identities.Take(count);
            return identity > 0 ? new HostInterrupt(group.File, (uint)identity) : null;
        }

        return supply.Take(count);
    }

    private void DissolveIfUnused(int key, ImsicGroup group)
    {
        if (group.Blocks > 0)
        {
            return;
        }

        foreach (ushort device in group.Devices)
        {
            directory.TryWrite(device, default);
        }

        for (int i = 0; i < PageWords; i++)
        {
            unit.Tables.Write((group.Page * PageWords) + i, 0);
        }

        pages.Return(group.Page, 1);
        groups.Remove(key);
        if (files == ImsicFiles.Own)
        {
            supply.ReturnGuestFile(group.File);
        }
    }

    private ulong AddressOf(int page) => unit.Tables.Address + ((ulong)page * PageLength);

    private MsiPageEntry ReadEntry(int index) => new(unit.Tables.Read(2 * index), unit.Tables.Read((2 * index) + 1));

    private void WriteEntry(int index, MsiPageEntry entry)
    {
        unit.Tables.Write((2 * index) + 1, entry.High);
        unit.Tables.Write(2 * index, entry.Low);
    }
}
