using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.VfioUser.Tracing;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>A connection over which a server has said what its function is, and nothing has been done with it yet.</summary>
internal sealed class ServerContact : IDisposable
{
    private static readonly int FeatureLength = (int)NativeSize.Of<VfioDeviceFeature>();

    private readonly string name;
    private readonly VfioUserClientOptions options;

    private ServerContact(string name, VfioUserClientOptions options, UnixSocket socket)
    {
        this.name = name;
        this.options = options;
        Memory = new ClientMemoryServer(options.Limits);
        Trace = options.Trace is { } write ? new MessageTrace(line => write($"{name} {line}"), isServer: false) : null;
        Channel = new ClientChannel(socket, options.Limits, Events, Memory, Trace);
    }

    /// <summary>The connection.</summary>
    public ClientChannel Channel { get; }

    /// <summary>Answers the server's own commands.</summary>
    public ClientMemoryServer Memory { get; }

    /// <summary>What the server has said.</summary>
    public ServedShape Served { get; private set; } = ServedShape.Nothing;

    private EventLoop Events => options.Events ?? EventLoop.Shared;

    private MessageTrace? Trace { get; }

    /// <summary>Asks a server all that is to be known before its function is driven.</summary>
    /// <param name="socket">Connected to it; owned from now on.</param>
    /// <param name="name">How messages name it.</param>
    /// <param name="options">How to drive its function.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="PciException">The server refuses, or is not what it should be.</exception>
    public static async ValueTask<ServerContact> MakeAsync(UnixSocket socket, string name, VfioUserClientOptions options, CancellationToken stop)
    {
        var contact = new ServerContact(name, options, socket);
        try
        {
            using CancellationTokenRegistration giveUp = contact.GiveUpAt(stop);
            await contact.AskAsync().ConfigureAwait(false);
            return contact;
        }
        catch (Exception exception)
        {
            contact.Dispose();
            if (exception is PciException)
            {
                stop.ThrowIfCancellationRequested();
            }

            throw;
        }
    }

    /// <summary>Ends the connection when told to, so that whoever waits for the server comes back.</summary>
    public CancellationTokenRegistration GiveUpAt(CancellationToken stop) =>
        stop.UnsafeRegister(static channel => ((ClientChannel)channel!).Lose("connecting was given up"), Channel);

    /// <summary>Asks which states of migration the function has (<c>VFIO_MIGRATION_*</c>); 0 where it cannot be taken anywhere, null where the server is lost.</summary>
    public static async ValueTask<ulong?> AskMigrationAsync(ClientChannel channel, VfioUserLimits limits)
    {
        byte[] request = new byte[FeatureLength];
        MemoryMarshal.Write(request, new VfioDeviceFeature
        {
            argsz = (uint)FeatureLength + sizeof(ulong),
            flags = VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIGRATION | VfioDeviceFeature.VFIO_DEVICE_FEATURE_GET,
        });
        if (await channel.CallAsync(MessageCommand.DeviceFeature, request, limits.ReplyTime).ConfigureAwait(false) is not { } call)
        {
            return null;
        }

        try
        {
            // One that refuses does not know what that is.
            return call.Error == Errno.None && call.Length >= FeatureLength && MemoryMarshal.TryRead(call.Payload[FeatureLength..], out ulong states) ? states : 0;
        }
        finally
        {
            channel.Return(call);
        }
    }

    /// <summary>Ends the connection and gives back what came over it.</summary>
    public void Dispose()
    {
        Channel.Close();
        Memory.Dispose();
        foreach (FileDescriptor? file in Served.Files)
        {
            file?.Dispose();
        }
    }

    private async ValueTask AskAsync()
    {
        var handshake = new Handshake(name, Channel, options.Limits);
        if (await handshake.AgreeAsync(options.WaitForServer).ConfigureAwait(false) is { } twin)
        {
            Memory.Listen(twin, Events, Trace, Channel.Lose);
        }

        Served = await handshake.DescribeAsync().ConfigureAwait(false);
        Served = (Served with { Configuration = await ReadConfigurationAsync().ConfigureAwait(false) }).Examined(options.TrustPeerMemory);
    }

    private async ValueTask<ConfigurationSpace> ReadConfigurationAsync()
    {
        uint length = (uint)Math.Min(ConfigurationSpace.MaxLength, Served.Regions[RegionIndex.Configuration].Length);
        if (length < ConfigurationSpace.ConventionalLength)
        {
            throw new VfioUserProtocolException("connect", $"{name} cannot be driven: its configuration space has {length} bytes");
        }

        byte[] space = new byte[length];
        int most = Math.Min(Served.Server.MaxDataTransfer, options.Limits.MaxDataTransfer);
        for (int at = 0; at < space.Length;)
        {
            int count = Math.Min(most, space.Length - at);
            await ReadConfigurationAsync(space.AsMemory(at, count), (ulong)at).ConfigureAwait(false);
            at += count;
        }

        return new ConfigurationSpace(space);
    }

    private async ValueTask ReadConfigurationAsync(Memory<byte> piece, ulong offset)
    {
        byte[] request = new byte[NativeSize.Of<RegionAccess>()];
        MemoryMarshal.Write(request, new RegionAccess { Offset = offset, Region = RegionIndex.Configuration, Count = (uint)piece.Length });
        ClientCall call = await Channel.CallAsync(MessageCommand.RegionRead, request, options.Limits.ReplyTime).ConfigureAwait(false)
            ?? throw new VfioUserProtocolException("connect", $"{name} cannot be driven: {Channel.Reason}");
        try
        {
            if (call.Error != Errno.None || call.Length != request.Length + piece.Length)
            {
                throw new VfioUserProtocolException("connect", $"{name} cannot be driven: it does not show its configuration space ({call.Error}, {call.Length} bytes)");
            }

            call.Payload[request.Length..].CopyTo(piece.Span);
        }
        finally
        {
            Channel.Return(call);
        }
    }
}
