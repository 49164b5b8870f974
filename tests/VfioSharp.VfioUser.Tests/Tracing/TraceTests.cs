using System.Collections.Concurrent;
using System.IO.MemoryMappedFiles;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.VfioUser.Tests.Tracing;

/// <summary>Messages as lines of text, at both ends of a connection.</summary>
public sealed class TraceTests : IDisposable
{
    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;

    public void Dispose() => Directory.Delete(folder, recursive: true);

    [Fact]
    public async Task Both_ends_show_all_messages_of_both_sides()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        ConcurrentQueue<string> atServer = [], atClient = [];
        string path = Path.Combine(folder, "socket");
        await using (VfioUserServer server = VfioUserServer.Listen(path, new VfioUserServerOptions { Trace = atServer.Enqueue }))
        {
            _ = server.ServeAsync(new ContractModel(ContractLayout.TableAlone).Initialize(), stop);
            await using PciFunction function = await VfioUserClient.ConnectAsync(path, new VfioUserClientOptions { Trace = atClient.Enqueue }, stop);
            using Bar bar = function.MapBar(ContractModel.RegisterBar);

            // Of memory without a file of its own the server reads and writes by messages.
            using var file = MemoryMappedFile.CreateNew(null, 4096);
            using MemoryMappedViewAccessor view = file.CreateViewAccessor();
            using DmaBuffer memory = function.Dma.Map(view.SafeMemoryMappedViewHandle);
            bar.Registers.Write64(ContractModel.Source, memory.Iova.Value);
            bar.Registers.Write64(ContractModel.Destination, memory.Iova.Value + 2048);
            bar.Registers.Write32(ContractModel.Length, 16);
            bar.Registers.Write32(ContractModel.Copy, 1);
            bar.Registers.Read32(ContractModel.Failures).ShouldBe(0u);
        }

        string[] shownAtServer = [.. atServer.Select(line => line[$"{path} client 1 ".Length..]).Order()];
        string[] shownAtClient = [.. atClient.Select(line => line[$"{path} ".Length..]).Order()];
        shownAtClient.ShouldBe(shownAtServer);
        shownAtClient.Count(line => line.StartsWith("-> VERSION #", StringComparison.Ordinal)).ShouldBe(1);
        shownAtClient.Count(line => line.StartsWith("<- VERSION reply #", StringComparison.Ordinal)).ShouldBe(1);
        shownAtClient.Count(line => line.StartsWith("<- DMA_READ #", StringComparison.Ordinal)).ShouldBe(1);
        shownAtClient.Count(line => line.StartsWith("-> DMA_READ reply #", StringComparison.Ordinal)).ShouldBe(1);
        shownAtClient.Count(line => line.StartsWith("<- DMA_WRITE #", StringComparison.Ordinal)).ShouldBe(1);
        shownAtClient.Count(line => line.StartsWith("-> DMA_WRITE reply #", StringComparison.Ordinal)).ShouldBe(1);
    }
}
