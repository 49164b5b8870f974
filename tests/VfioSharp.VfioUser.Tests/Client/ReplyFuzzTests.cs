using System.IO.MemoryMappedFiles;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Client;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>Replies of a server, altered at random: whatever comes, the client says that the server is wrong, or goes on, and gives everything back.</summary>
public sealed class ReplyFuzzTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(40);

    private static readonly VfioUserClientOptions Options = new()
    {
        Limits = new VfioUserLimits { ReplyTime = Short, ResetTime = Short, SendTime = Short, MaxDataTransfer = 4096, MaxStateBytes = 1 << 16 },
        Trace = _ => { },
    };

    [Fact]
    public void Whatever_a_server_replies_it_is_wrong_or_is_driven_on() => Fuzz.Run(100, random => RunAsync(random).GetAwaiter().GetResult());

    private static async Task RunAsync(FuzzRandom random)
    {
        using EventFd stray = Events.Create();
        using var server = new RawServer();
        server.Shape.Json = random.Pick(null, RawClient.UsualJson, """{"capabilities":{"max_data_xfer_size":64,"pgsizes":4096,"max_msg_fds":2}}""");
        int oneIn = random.Pick(3, 10, 30, 100);
        server.Instead = request =>
        {
            if (!random.OneIn(oneIn))
            {
                return false;
            }

            byte[] payload = server.Shape.Answer(request, out FileDescriptor[] files) ?? [];
            byte[] reply = RawPeer.Message(request.Id, request.Command, payload, RawPeer.Reply);
            Alter(random, ref reply, ref files, stray.File);
            server.TrySend(reply, files);
            return true;
        };

        PciFunction? function = null;
        try
        {
            function = await server.ConnectAsync(Options);
            await DriveAsync(function, random);
        }
        catch (Exception exception) when (exception is PciException or NotSupportedException)
        {
            // What a server does wrong is told so, and by nothing else.
        }
        finally
        {
            await (function?.DisposeAsync() ?? default).Soon();
        }

        OpenFiles.CountOf(stray.File).ShouldBe(1);
        OpenFiles.CountOf(server.Shape.File).ShouldBe(1);
        OpenFiles.CountOf(server.Socket.File).ShouldBe(1);
    }

    private static async Task DriveAsync(PciFunction function, FuzzRandom random)
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        foreach (int index in (int[])[0, 2])
        {
            if (function.Bars[index] is { IsImplemented: true, Length: >= 0x1000 })
            {
                using Bar bar = function.MapBar(index);
                bar.Registers.Write32(0x900, 1);
                bar.Registers.Read64(0x908);
                bar.Registers.Read8(bar.Length - 1);
            }
        }

        using MsixVectors? vectors = function.MsixVectorCount > 0 ? await function.EnableMsixAsync(Math.Min(function.MsixVectorCount, 40), stop) : null;
        using DmaBuffer memory = function.Dma.Allocate(4096);
        using MemoryMappedFile file = MemoryMappedFile.CreateNew(null, 1 << 16);
        using MemoryMappedViewAccessor view = file.CreateViewAccessor();
        using (function.Dma.Map(view.SafeMemoryMappedViewHandle))
        {
            function.Configuration.Read32(0x40);
        }

        var served = (VfioUserFunction)function;
        served.GetDescriptors(random.Below(3))?.Dispose();
        served.WriteMany([new WriteEntry { Region = 2, Offset = 0x900, Count = 8, Data = 1 }]).ShouldBeInRange(0, 1);
        await function.ResetAsync(stop);
        FunctionMigration migration = await FunctionMigration.OfAsync(function, stop);
        await migration.StartLogAsync([], stop);
        await migration.ReadLogAsync(new IovaRange(memory.Iova, memory.Iova + 4095), stop);
        using var state = new MemoryStream();
        await migration.SaveAsync(state, stop);
        state.Position = 0;
        await migration.RestoreAsync(state, stop);
        await migration.ResumeAsync(stop);
    }

    private static void Alter(FuzzRandom random, ref byte[] reply, ref FileDescriptor[] files, FileDescriptor stray)
    {
        for (int changes = 1 + random.Below(3); changes > 0; changes--)
        {
            switch (random.Below(8))
            {
                case 0: // a byte of what follows the header
                case 1:
                    if (reply.Length > 16)
                    {
                        reply[16 + random.Below(reply.Length - 16)] = random.Pick((byte)0, (byte)1, (byte)0x7F, (byte)0x80, (byte)0xFF, (byte)random.Next());
                    }

                    break;
                case 2: // a word of it
                    if (reply.Length >= 20)
                    {
                        BitConverter.TryWriteBytes(reply.AsSpan(16 + (4 * random.Below((reply.Length - 16) / 4))), random.Pick(0u, 1u, 15u, 32u, 4096u, 0x7FFF_FFFFu, 0x8000_0000u, 0xFFFF_FFF0u, uint.MaxValue));
                    }

                    break;
                case 3: // a byte of the header, its size among them
                    reply[random.Below(Math.Min(reply.Length, 16))] ^= (byte)(1 << random.Below(8));
                    break;
                case 4: // shorter
                    Array.Resize(ref reply, 16 + random.Below(Math.Max(1, reply.Length - 16)));
                    BitConverter.TryWriteBytes(reply.AsSpan(4), reply.Length);
                    break;
                case 5: // longer
                    Array.Resize(ref reply, reply.Length + 1 + random.Below(random.Pick(4, 64, 5000)));
                    BitConverter.TryWriteBytes(reply.AsSpan(4), reply.Length);
                    break;
                case 6: // twice, or a part once more
                    reply = [.. reply, .. reply[..random.Pick(reply.Length, random.Below(reply.Length))]];
                    break;
                default:
                    files = [.. files.Concat(Enumerable.Repeat(stray, 1 + random.Below(130))).Take(UnixSocket.MaxDescriptors)];
                    break;
            }
        }
    }
}
