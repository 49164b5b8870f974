using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Memory that a client takes away (DMA_UNMAP).</summary>
public sealed class DmaUnmapTests : IAsyncDisposable
{
    private const uint All = 2;

    private readonly ServerRig rig = new();
    private readonly RawClient client;
    private readonly SharedFile file = new(64 << 10);

    public DmaUnmapTests()
    {
        client = rig.Greeted();
        client.PowerOn();
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x10000, 0x2000), file.File);
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x12000, 0x2000), file.File);
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x20000, 0x1000));
        rig.Model.Calls.Clear();
    }

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        file.Mappings.ShouldBe(0);
        file.Dispose();
    }

    [Fact]
    public void What_was_shown_is_taken_away_and_the_reply_repeats_the_request()
    {
        byte[] request = Payloads.DmaUnmap(0x10000, 0x2000, argsz: 77);
        client.ShouldAnswer(Commands.DmaUnmap, request, request);
        file.Mappings.ShouldBe(1);
        Reaches(0x10000).ShouldBeFalse();
        Reaches(0x12000).ShouldBeTrue();
        rig.Model.Calls.ShouldBe(["quiesce", "resume"]);
        client.ShouldAnswer(Commands.DmaUnmap, request, request);
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x10000, 0x1000), file.File);
    }

    [Fact]
    public void No_piece_is_cut_and_no_range_is_empty_or_wraps()
    {
        foreach ((ulong address, ulong size) in ((ulong, ulong)[])[(0x10000, 0x1000), (0x11000, 0x1000), (0x11000, 0x9000), (0xF000, 0x2000), (0, 0x10001)])
        {
            client.ShouldRefuse(Errno.ENOENT, Commands.DmaUnmap, Payloads.DmaUnmap(address, size));
        }

        foreach ((ulong address, ulong size) in ((ulong, ulong)[])[(0x10000, 0), (0, 0), (0x10000, ulong.MaxValue), (ulong.MaxValue, 2)])
        {
            client.ShouldRefuse(Errno.EINVAL, Commands.DmaUnmap, Payloads.DmaUnmap(address, size));
        }

        (Reaches(0x10000), Reaches(0x12000), file.Mappings).ShouldBe((true, true, 2));
        rig.Model.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void All_is_taken_away_at_once()
    {
        byte[] request = Payloads.DmaUnmap(0, 0, All);
        client.ShouldAnswer(Commands.DmaUnmap, request, request);
        (Reaches(0x10000), Reaches(0x12000), file.Mappings).ShouldBe((false, false, 0));
        client.ShouldAnswer(Commands.DmaUnmap, request, request);
        client.ShouldRefuse(Errno.EINVAL, Commands.DmaUnmap, Payloads.DmaUnmap(0x10000, 0x2000, All));
        client.ShouldRefuse(Errno.EINVAL, Commands.DmaUnmap, Payloads.DmaUnmap(0, 0x2000, All));
        client.ShouldRefuse(Errno.EINVAL, Commands.DmaUnmap, Payloads.DmaUnmap(0x10000, 0, All));
    }

    [Theory]
    [InlineData(1u, 24u)]
    [InlineData(4u, 24u)]
    [InlineData(0x80000000u, 24u)]
    [InlineData(0u, 0u)]
    [InlineData(0u, 23u)]
    public void Fields_that_cannot_be_are_refused(uint flags, uint argsz)
    {
        client.ShouldRefuse(Errno.EINVAL, Commands.DmaUnmap, Payloads.DmaUnmap(0x10000, 0x2000, flags, argsz));
        Reaches(0x10000).ShouldBeTrue();
    }

    [Fact]
    public void A_descriptor_that_comes_along_is_closed()
    {
        // SPDK's initiator sends one.
        client.Do(Commands.DmaUnmap, Payloads.DmaUnmap(0x10000, 0x2000), file.File);
        client.ShouldBeServed();
        OpenFiles.CountOf(file.File).ShouldBe(1);
    }

    [Fact]
    public void The_reply_waits_until_the_function_has_let_go_and_so_does_what_comes_behind()
    {
        rig.Model.SystemMemory.TryLease(new Iova(0x10000), 16, DmaAccess.ReadWrite, out MemoryLease lease).ShouldBeTrue();
        var quiet = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Model.Quiesces = () => new ValueTask(quiet.Task);
        ushort unmap = client.Post(Commands.DmaUnmap, Payloads.DmaUnmap(0x10000, 0x2000));
        ushort read = client.Post(Commands.RegionRead, Payloads.Region(0, 0, 4));
        Patience.Until(() => rig.Model.Calls.Contains("quiesce"));
        lease.Span[0] = 0x77;
        client.HasInput(20).ShouldBeFalse();
        rig.Model.Calls.ShouldBe(["quiesce"]);
        quiet.SetResult();
        Patience.Until(() => !Reaches(0x10000));
        client.HasInput(20).ShouldBeFalse("a lease is held still");
        file.Mappings.ShouldBe(2);
        lease.Dispose();
        client.Receive().Id.ShouldBe(unmap);
        client.Receive().Id.ShouldBe(read);
        file.Mappings.ShouldBe(1);
        file.Read(0, 1).ShouldBe([0x77]);
    }

    [Fact]
    public void A_client_that_goes_meanwhile_leaves_nothing_behind()
    {
        rig.Model.SystemMemory.TryLease(new Iova(0x10000), 16, DmaAccess.ReadWrite, out MemoryLease lease).ShouldBeTrue();
        client.Post(Commands.DmaUnmap, Payloads.DmaUnmap(0x10000, 0x2000));
        Patience.Until(() => rig.Model.Calls.Contains("quiesce"));
        client.Dispose();
        RawClient next = rig.Connect();
        next.Post(Commands.Version, Payloads.Version(0, 2, null));
        next.HasInput(20).ShouldBeFalse("the function is not free yet");
        lease.Dispose();
        next.Receive().Error.ShouldBe(Errno.None);
        file.Mappings.ShouldBe(0);
    }

    private bool Reaches(ulong address) => rig.Model.SystemMemory.TryRead(new Iova(address), new byte[1]);
}
