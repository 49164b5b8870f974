using System.Runtime.InteropServices;
using System.Text;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Samples;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Tests.Transcripts;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Memory;

/// <summary>
/// DMA_UNMAP by ranges, as QEMU sends it when a guest with an IOMMU gives up an address space: found in the lab, where a guest that was rebooted with memory
/// shown to a function had it read the memory of before.
/// </summary>
public sealed class UnmapTests : IAsyncDisposable
{
    private const ulong Page = 0x1000;
    private const uint ReadWrite = 3;

    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly VfioUserServer server;
    private readonly RawPeer peer;
    private ushort lastId;

    public UnmapTests()
    {
        server = VfioUserServer.Listen(Path.Combine(folder, "socket"));
        _ = server.ServeAsync(new Tally());
        peer = new RawPeer(server.Path);
        Ask(MessageCommand.Version, [0, 0, 0, 0, .. Encoding.UTF8.GetBytes("{\"capabilities\":{}}\0")]).ShouldBe(Errno.None);
        Map(0x1_0000).ShouldBe(Errno.None);
        Map(0x1_2000).ShouldBe(Errno.None);
        Map(0x1_4000).ShouldBe(Errno.None);
    }

    public async ValueTask DisposeAsync()
    {
        peer.Dispose();
        await server.DisposeAsync();
        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public void What_lies_in_a_range_goes_and_the_rest_stays()
    {
        Unmap(0, 0x1_4000).ShouldBe(Errno.None);

        Map(0x1_0000).ShouldBe(Errno.None);
        Map(0x1_2000).ShouldBe(Errno.None);
        Map(0x1_4000).ShouldBe(Errno.EEXIST);
    }

    [Fact]
    public void The_range_may_be_all_addresses_from_one_on()
    {
        Unmap(0x1_1000, ulong.MaxValue - 0x1_1000 + 1).ShouldBe(Errno.None);

        Map(0x1_0000).ShouldBe(Errno.EEXIST);
        Map(0x1_2000).ShouldBe(Errno.None);
        Map(0x1_4000).ShouldBe(Errno.None);
    }

    [Fact]
    public void A_range_that_holds_nothing_is_answered_like_any_other() => Unmap(0x10_0000, 0x10_0000).ShouldBe(Errno.None);

    [Theory]
    [InlineData(0x1_0000, 0x800)]
    [InlineData(0x1_0800, 0x1_0000)]
    [InlineData(0, 0x1_2800)]
    public void A_range_that_would_cut_a_piece_takes_nothing(ulong address, ulong size)
    {
        Unmap(address, size).ShouldBe(Errno.ENOENT);

        Map(0x1_0000).ShouldBe(Errno.EEXIST);
        Map(0x1_2000).ShouldBe(Errno.EEXIST);
        Map(0x1_4000).ShouldBe(Errno.EEXIST);
    }

    [Theory]
    [InlineData(0x1_0000, 0)]
    [InlineData(0x1_0000, ulong.MaxValue)]
    public void A_range_that_is_none_is_refused(ulong address, ulong size) => Unmap(address, size).ShouldBe(Errno.EINVAL);

    [Fact]
    public async Task What_was_taken_away_counts_no_more()
    {
        await using VfioUserServer small = VfioUserServer.Listen(
            Path.Combine(folder, "small"), new VfioUserServerOptions { Limits = new VfioUserLimits { MaxDmaMaps = 2, MaxDmaBytes = 2 * Page } });
        _ = small.ServeAsync(new Tally(), TestContext.Current.CancellationToken);
        using var client = new RawPeer(small.Path);
        Ask(client, MessageCommand.Version, [0, 0, 0, 0]).ShouldBe(Errno.None);
        for (int round = 0; round < 3; round++)
        {
            Map(client, 0).ShouldBe(Errno.None);
            Map(client, 0x2000).ShouldBe(Errno.None);
            Map(client, 0x4000).ShouldBe(Errno.ENOSPC);
            Unmap(client, 0, 0x4000).ShouldBe(Errno.None);
        }
    }

    private Errno Map(ulong address) => Map(peer, address);

    private Errno Map(RawPeer client, ulong address) =>
        Ask(client, MessageCommand.DmaMap, Bytes(new DmaMapRequest { ArgumentSize = NativeSize.Of<DmaMapRequest>(), Flags = ReadWrite, Address = address, Size = Page }));

    private Errno Unmap(ulong address, ulong size) => Unmap(peer, address, size);

    private Errno Unmap(RawPeer client, ulong address, ulong size) =>
        Ask(client, MessageCommand.DmaUnmap, Bytes(new VfioIommuType1DmaUnmap { argsz = NativeSize.Of<VfioIommuType1DmaUnmap>(), iova = address, size = size }));

    private Errno Ask(MessageCommand command, byte[] payload) => Ask(peer, command, payload);

    private Errno Ask(RawPeer client, MessageCommand command, byte[] payload)
    {
        client.Send(new TranscriptMessage(true, ++lastId, (ushort)command, 0, payload, 0, 0));
        TranscriptMessage reply = client.Receive();
        reply.Id.ShouldBe(lastId);
        if (command == MessageCommand.DmaUnmap && reply.Error == 0)
            reply.Payload.ShouldBe(payload); // "responds with the original DMA entry in the request"
        return (Errno)reply.Error;
    }

    private static byte[] Bytes<T>(T value)
        where T : unmanaged => MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)).ToArray();
}
