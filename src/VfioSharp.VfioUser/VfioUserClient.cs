using System.Collections.Immutable;
using System.Diagnostics;
using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser.Client;
using VfioSharp.VfioUser.Tracing;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser;

/// <summary>Drives functions that other processes serve over vfio-user.</summary>
public static class VfioUserClient
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Connects to a function. It is in the state that its last client left it in; its registers and bus mastering are on. When the server ends, the function
    /// is lost, as one that was pulled out is: dispose it, and connect again if it is to come back.
    /// </summary>
    /// <param name="path">The server's socket.</param>
    /// <param name="options">How to drive it; null for the defaults.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The function; dispose it when done.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="DeviceBusyException">The server has no room for another who waits.</exception>
    /// <exception cref="VfioUserProtocolException">What is there does not speak vfio-user, or not as it should.</exception>
    /// <exception cref="PciException">Nobody serves there, or the server refuses; the message says what to do.</exception>
    public static async ValueTask<PciFunction> ConnectAsync(string path, VfioUserClientOptions? options = null, CancellationToken stop = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VfioUserClientOptions();
        options.Check();
        UnixSocket socket = await OpenAsync(path, options.WaitForServer, stop).ConfigureAwait(false);
        return await ConnectAsync(socket, path, options, stop).ConfigureAwait(false);
    }

    /// <summary>Takes over a socket that is connected already.</summary>
    internal static async ValueTask<PciFunction> ConnectAsync(UnixSocket socket, string name, VfioUserClientOptions options, CancellationToken stop)
    {
        EventLoop events = options.Events ?? EventLoop.Shared;
        var memory = new ClientMemoryServer(options.Limits);
        MessageTrace? trace = options.Trace is { } write ? new MessageTrace(line => write($"{name} {line}")) : null;
        var channel = new ClientChannel(socket, options.Limits, events, memory, trace);
        VfioUserFunction? function = null;
        ServedShape? served = null;
        try
        {
            using CancellationTokenRegistration giveUp = stop.UnsafeRegister(static channel => ((ClientChannel)channel!).Lose("connecting was given up"), channel);
            var handshake = new Handshake(name, channel, options.Limits);
            if (await handshake.AgreeAsync().ConfigureAwait(false) is { } twin)
            {
                memory.Listen(twin, events, trace, channel.Lose);
            }

            served = await handshake.DescribeAsync().ConfigureAwait(false);
            ConfigurationSpace configuration = await ReadConfigurationAsync(name, channel, served, options.Limits).ConfigureAwait(false);
            FunctionShape shape = Shape(name, served, configuration, handshake.Server, options);
            function = new VfioUserFunction(shape, channel, memory, served, HostOwned.Of(configuration), handshake.Server, options);
            function.Start();
            stop.ThrowIfCancellationRequested();
            return function;
        }
        catch (Exception exception)
        {
            if (function is not null)
            {
                await function.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                channel.Close();
                memory.Dispose();
                foreach (FileDescriptor? file in served?.Files ?? [])
                {
                    file?.Dispose();
                }
            }

            if (exception is PciException)
            {
                stop.ThrowIfCancellationRequested();
            }

            throw;
        }
    }

    private static async ValueTask<UnixSocket> OpenAsync(string path, TimeSpan patience, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            if (UnixSocket.Connect(path, out Errno error) is { } socket)
            {
                return socket;
            }

            bool mayPass = error is Errno.ENOENT or Errno.ECONNREFUSED or Errno.EAGAIN;
            if (!mayPass || Stopwatch.GetElapsedTime(start) >= patience)
            {
                throw Failed(path, error);
            }

            await Task.Delay(RetryTime, stop).ConfigureAwait(false);
        }
    }

    private static PciException Failed(string path, Errno error) => error switch
    {
        Errno.EAGAIN => new DeviceBusyException("connect", $"{path}: others wait there already, and the server takes no more: try again later", errorNumber: (int)error),
        Errno.ENOENT => new PciException("connect", $"{path} is not there: start the server first", errorNumber: (int)error),
        Errno.ECONNREFUSED => new PciException("connect", $"{path}: nobody serves there any more: start the server again", errorNumber: (int)error),
        Errno.EACCES => new PciException("connect", $"{path} may not be connected to: its permissions allow its owner alone as a rule", errorNumber: (int)error),
        Errno.ENAMETOOLONG => new PciException("connect", $"{path}: a socket's path has at most 107 bytes", errorNumber: (int)error),
        _ => new PciException("connect", $"{path} cannot be connected to ({error})", errorNumber: (int)error),
    };

    private static async ValueTask<ConfigurationSpace> ReadConfigurationAsync(string name, ClientChannel channel, ServedShape served, VfioUserLimits limits)
    {
        uint length = (uint)Math.Min(ConfigurationSpace.MaxLength, served.Regions[RegionIndex.Configuration].Length);
        if (length < ConfigurationSpace.ConventionalLength)
        {
            throw new VfioUserProtocolException("connect", $"{name} cannot be driven: its configuration space has {length} bytes");
        }

        byte[] request = new byte[NativeSize.Of<RegionAccess>()];
        MemoryMarshal.Write(request, new RegionAccess { Region = RegionIndex.Configuration, Count = length });
        ClientCall call = await channel.CallAsync(MessageCommand.RegionRead, request, limits.ReplyTime).ConfigureAwait(false)
            ?? throw new VfioUserProtocolException("connect", $"{name} cannot be driven: {channel.Reason}");
        try
        {
            return call.Error == Errno.None && call.Length == request.Length + (int)length
                ? new ConfigurationSpace(call.Payload[request.Length..].ToArray())
                : throw new VfioUserProtocolException("connect", $"{name} cannot be driven: it does not show its configuration space ({call.Error}, {call.Length} bytes)");
        }
        finally
        {
            channel.Return(call);
        }
    }

    private static FunctionShape Shape(
        string name, ServedShape served, ConfigurationSpace configuration, Capabilities server, VfioUserClientOptions options)
    {
        uint pageSize = (uint)Environment.SystemPageSize;
        var regions = ImmutableArray.CreateBuilder<RegionShape>(served.Regions.Length);
        for (int index = 0; index < served.Regions.Length; index++)
        {
            ByteRange? table = configuration.Capabilities.Msix is { } msix && msix.TableBar == index ? new ByteRange(msix.TableOffset, msix.TableLength) : null;
            RegionShape shape = served.Regions[index].ToShape(table, pageSize, readsEmptyListAsMappable: false);
            bool canMap = CanMap(shape.Mappable, served.Regions[index].FileOffset, served.Files[index], options.TrustPeerMemory);
            regions.Add(canMap ? shape : shape with { Mappable = BackendRanges.None });
        }

        return new FunctionShape
        {
            Name = name,
            Regions = regions.ToImmutable(),
            Interrupts = served.Interrupts,
            Dma = new DmaLimits(options.DmaRanges, Math.Max(1, server.PageSizes), Math.Max(1, server.MaxDmaMaps)),
            Isolation = options.Isolation,
            TableRule = options.TableRule,
            CanReset = served.CanReset,
            Events = options.Events ?? EventLoop.Shared,
        };
    }

    // What could become shorter under a mapping of it would end this process.
    private static bool CanMap(ImmutableArray<ByteRange> ranges, ulong fileOffset, FileDescriptor? file, bool trust) =>
        file is not null && fileOffset % (ulong)Environment.SystemPageSize == 0 && (trust || PeerMemory.Seal(file))
        && ranges.All(range => fileOffset <= long.MaxValue - range.End && PeerMemory.Holds(file, fileOffset + range.Offset, range.Length));
}
