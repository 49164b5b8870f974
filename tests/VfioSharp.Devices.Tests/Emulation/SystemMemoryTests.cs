using System.Runtime.InteropServices;
using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Emulation;

public sealed class SystemMemoryTests
{
    private const int Length = 1 << 16;

    private readonly TestFunction function = new(TestFunction.LayoutOf());
    private readonly byte[] bytes = GC.AllocateArray<byte>(Length, pinned: true);

    public SystemMemoryTests() => function.PowerOn();

    private SystemMemory Memory => function.SystemMemory;

    private Span<byte> All => bytes;

    private nint Address => Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0);

    [Fact]
    public void What_is_shown_is_read_and_written_and_nothing_beside_it()
    {
        Show(0x1000, 0, 0x1000);
        Memory.TryWrite(new Iova(0x1FFC), [1, 2, 3, 4]).ShouldBeTrue();
        All[0xFFC..0x1000].ToArray().ShouldBe([1, 2, 3, 4]);
        byte[] data = new byte[2];
        Memory.TryRead(new Iova(0x1FFE), data).ShouldBeTrue();
        data.ShouldBe([3, 4]);

        Memory.TryRead(new Iova(0x1FFF), data).ShouldBeFalse();
        Memory.TryRead(new Iova(0xFFF), data).ShouldBeFalse();
        Memory.TryWrite(new Iova(0x2000), data).ShouldBeFalse();
        Memory.TryWrite(new Iova(ulong.MaxValue), data).ShouldBeFalse();
        Memory.TryRead(new Iova(0), []).ShouldBeTrue();
    }

    [Fact]
    public void Structures_are_read_and_written_whole()
    {
        Show(0x1000, 0, 0x1000);
        Memory.TryWrite(new Iova(0x1008), 0x1122_3344_5566_7788UL).ShouldBeTrue();
        Memory.TryRead(new Iova(0x100A), out ushort half).ShouldBeTrue();
        half.ShouldBe((ushort)0x5566);
        Memory.TryRead(new Iova(0x1FFD), out uint _).ShouldBeFalse();
    }

    [Fact]
    public void An_access_goes_on_into_the_next_piece_but_a_lease_does_not()
    {
        Show(0x1000, 0x8000, 0x1000);
        Show(0x2000, 0x4000, 0x1000);
        byte[] data = [.. Enumerable.Range(0, 16).Select(i => (byte)i)];
        Memory.TryWrite(new Iova(0x1FF8), data).ShouldBeTrue();
        All[0x8FF8..0x9000].ToArray().ShouldBe(data[..8]);
        All[0x4000..0x4008].ToArray().ShouldBe(data[8..]);
        byte[] back = new byte[16];
        Memory.TryRead(new Iova(0x1FF8), back).ShouldBeTrue();
        back.ShouldBe(data);

        Memory.TryLease(new Iova(0x1FF8), 16, DmaAccess.Read, out _).ShouldBeFalse();
        Memory.TryLease(new Iova(0x1FF8), 8, DmaAccess.Read, out MemoryLease lease).ShouldBeTrue();
        lease.Span.ToArray().ShouldBe(data[..8]);
        lease.Dispose();
    }

    [Fact]
    public void The_last_byte_of_the_address_space_can_be_shown()
    {
        Show(ulong.MaxValue - 0xFFF, 0, 0x1000);
        Memory.TryWrite(new Iova(ulong.MaxValue), [7]).ShouldBeTrue();
        All[0xFFF].ShouldBe((byte)7);
        Memory.TryWrite(new Iova(ulong.MaxValue), [7, 8]).ShouldBeFalse();
    }

    [Fact]
    public void Access_is_what_was_granted()
    {
        Show(0x1000, 0, 0x1000, DmaAccess.Read);
        Show(0x3000, 0x1000, 0x1000, DmaAccess.Write);
        byte[] data = new byte[1];
        Memory.TryRead(new Iova(0x1000), data).ShouldBeTrue();
        Memory.TryWrite(new Iova(0x1000), data).ShouldBeFalse();
        Memory.TryRead(new Iova(0x3000), data).ShouldBeFalse();
        Memory.TryWrite(new Iova(0x3000), data).ShouldBeTrue();
        Memory.TryLease(new Iova(0x1000), 1, DmaAccess.ReadWrite, out _).ShouldBeFalse();
    }

    [Fact]
    public void Nothing_is_reached_without_bus_mastering()
    {
        Show(0x1000, 0, 0x1000);
        function.SetCommand(PciCommand.MemorySpace);
        Memory.TryRead(new Iova(0x1000), new byte[1]).ShouldBeFalse();
        Memory.TryWrite(new Iova(0x1000), new byte[1]).ShouldBeFalse();
        Memory.TryLease(new Iova(0x1000), 1, DmaAccess.Read, out _).ShouldBeFalse();
    }

    [Fact]
    public void Two_pieces_never_overlap()
    {
        Show(0x2000, 0, 0x2000);
        foreach ((ulong start, ulong length) in ((ulong, ulong)[])[(0x2000, 0x2000), (0x1000, 0x1001), (0x3FFF, 1), (0x2800, 8), (0, 0x10000), (0x3000, 0x2000)])
        {
            Memory.TryAdd(new AddressRegion(new Iova(start), Address, length, DmaAccess.ReadWrite)).ShouldBeFalse($"{start:x} {length:x}");
        }

        Memory.Count.ShouldBe(1);
        Show(0x1000, 0, 0x1000);
        Show(0x4000, 0, 0x1000);
    }

    [Fact]
    public void Memory_goes_when_the_last_lease_of_it_does()
    {
        AddressRegion region = Show(0x1000, 0, 0x1000);
        Memory.TryLease(new Iova(0x1000), 8, DmaAccess.Read, out MemoryLease first).ShouldBeTrue();
        Memory.TryLease(new Iova(0x1100), 8, DmaAccess.Write, out MemoryLease second).ShouldBeTrue();
        Memory.Remove(new Iova(0x1000), new Iova(0x1FFF)).ShouldBe([region]);
        Memory.TryLease(new Iova(0x1000), 8, DmaAccess.Read, out _).ShouldBeFalse();

        Task gone = region.CloseAsync();
        gone.IsCompleted.ShouldBeFalse();
        first.Dispose();
        gone.IsCompleted.ShouldBeFalse();
        region.TryAcquire().ShouldBeFalse();
        gone.IsCompleted.ShouldBeFalse();
        second.Dispose();
        gone.IsCompleted.ShouldBeTrue();
    }

    [Fact]
    public void Memory_that_nobody_uses_goes_at_once()
    {
        AddressRegion region = Show(0x1000, 0, 0x1000);
        Memory.TryRead(new Iova(0x1000), new byte[4]).ShouldBeTrue();
        region.CloseAsync().IsCompleted.ShouldBeTrue();
        Memory.TryRead(new Iova(0x1000), new byte[4]).ShouldBeFalse();
    }

    [Fact]
    public void Only_what_lies_wholly_in_a_range_is_taken_away()
    {
        AddressRegion[] regions = [Show(0x1000, 0, 0x1000), Show(0x2000, 0, 0x1000), Show(0x4000, 0, 0x2000)];
        Memory.Remove(new Iova(0x1001), new Iova(0x4FFF)).ShouldBe([regions[1]]);
        Memory.Remove(new Iova(0), new Iova(0x5FFF)).ShouldBe([regions[0], regions[2]]);
        Memory.Count.ShouldBe(0);
    }

    [Fact]
    public void Lookup_agrees_with_a_plain_list()
    {
        // Pages 0 to 15, shown and taken away at random; every page is asked for after each step.
        Gen<(bool Add, int Page, int Pages)> step =
            from add in ArbMap.Default.GeneratorFor<bool>()
            from page in Gen.Choose(0, 15)
            from pages in Gen.Choose(1, 4)
            select (add, page, Math.Min(pages, 16 - page));
        int runs = Fuzz.Iterations(200, longFactor: 25);
        Prop.ForAll(step.ListOf().ToArbitrary(), Agrees).Check(Config.QuickThrowOnFailure.WithMaxTest(runs));

        bool Agrees(IList<(bool Add, int Page, int Pages)> steps)
        {
            var other = new TestFunction(TestFunction.LayoutOf());
            other.PowerOn();
            var plain = new List<(int Page, int Pages)>();
            foreach ((bool add, int page, int pages) in steps)
            {
                var first = new Iova((ulong)page * 0x1000);
                if (add)
                {
                    bool free = !plain.Exists(known => known.Page < page + pages && page < known.Page + known.Pages);
                    bool added = other.SystemMemory.TryAdd(new AddressRegion(first, Address + (page * 0x1000), (ulong)pages * 0x1000, DmaAccess.ReadWrite));
                    if (added != free)
                    {
                        return false;
                    }

                    if (added)
                    {
                        plain.Add((page, pages));
                    }
                }
                else
                {
                    int removed = plain.RemoveAll(known => page <= known.Page && known.Page + known.Pages <= page + pages);
                    if (other.SystemMemory.Remove(first, first + (((ulong)pages * 0x1000) - 1)).Count != removed)
                    {
                        return false;
                    }
                }

                for (int asked = 0; asked < 16; asked++)
                {
                    bool shown = plain.Exists(known => known.Page <= asked && asked < known.Page + known.Pages);
                    byte value = (byte)(asked + steps.Count);
                    All[asked * 0x1000] = value;
                    byte[] data = new byte[1];
                    if (other.Read(new Iova((ulong)asked * 0x1000), data) != shown || (shown && data[0] != value))
                    {
                        return false;
                    }
                }
            }

            return true;
        }
    }

    [Fact]
    public void Reaching_memory_allocates_nothing()
    {
        Show(0x1000, 0, 0x1000);
        Show(0x8000, 0x1000, 0x1000);
        byte[] data = new byte[64];
        Allocations.Of(Use, times: 1000).ShouldBe(0);

        void Use()
        {
            Memory.TryRead(new Iova(0x1000), data);
            Memory.TryWrite(new Iova(0x8000), data);
            if (Memory.TryLease(new Iova(0x8100), 64, DmaAccess.Read, out MemoryLease lease))
            {
                lease.Memory.Span[0] = 1;
                lease.Dispose();
            }
        }
    }

    [Fact]
    public async Task Leases_and_removal_race_without_losing_either()
    {
        int rounds = Fuzz.Iterations(500, longFactor: 40);
        using var stop = new CancellationTokenSource();
        Task[] users = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            while (!stop.IsCancellationRequested)
            {
                if (Memory.TryLease(new Iova(0x1000), 8, DmaAccess.Write, out MemoryLease lease))
                {
                    lease.Span[0]++;
                    lease.Dispose();
                }
            }
        }))];
        for (int i = 0; i < rounds; i++)
        {
            AddressRegion region = Show(0x1000, 0, 0x1000);
            Memory.Remove(new Iova(0x1000), new Iova(0x1FFF)).Count.ShouldBe(1);
            await region.CloseAsync().WaitAsync(TimeSpan.FromSeconds(30), TestContext.Current.CancellationToken);
        }

        await stop.CancelAsync();
        await Task.WhenAll(users);
        Memory.Count.ShouldBe(0);
    }

    private AddressRegion Show(ulong iova, int offset, ulong length, DmaAccess access = DmaAccess.ReadWrite)
    {
        var region = new AddressRegion(new Iova(iova), Address + offset, length, access);
        Memory.TryAdd(region).ShouldBeTrue();
        return region;
    }
}
