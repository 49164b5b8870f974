using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>What a client asks first: version, function, regions, interrupts. The server is not believed.</summary>
/// <param name="name">How messages name the server.</param>
/// <param name="channel">The connection.</param>
/// <param name="limits">What the server may say.</param>
internal sealed class Handshake(string name, ClientChannel channel, VfioUserLimits limits)
{
    private const ushort Major = 0;
    private const ushort Minor = 2;
    private const int MaxVectors = 2048;

    private ServedShape served = ServedShape.Nothing;

    /// <summary>Agrees on a version. A server that serves another client says nothing before it is rid of that.</summary>
    /// <param name="patience">How long to wait where that is longer than for other replies.</param>
    /// <returns>The server's socket for its own commands; null where it has none.</returns>
    /// <exception cref="DeviceBusyException">The server says nothing.</exception>
    /// <exception cref="PciException">The server refuses, or is not what it should be.</exception>
    public async ValueTask<UnixSocket?> AgreeAsync(TimeSpan patience)
    {
        byte[] text = CapabilitiesJson.Write(new Capabilities
        {
            MaxMessageDescriptors = limits.MaxMessageDescriptors,
            MaxDataTransfer = limits.MaxDataTransfer,
            MaxDmaMaps = limits.MaxDmaMaps,
            TwinSocket = true,
            WriteMultiple = true,
        });
        byte[] proposal = new byte[(int)NativeSize.Of<VersionHeader>() + text.Length];
        MemoryMarshal.Write(proposal, new VersionHeader { Major = Major, Minor = Minor });
        text.CopyTo(proposal, (int)NativeSize.Of<VersionHeader>());
        TimeSpan time = patience > limits.ReplyTime ? patience : limits.ReplyTime;
        ClientCall call = await AskAsync(MessageCommand.Version, proposal, time).ConfigureAwait(false);
        try
        {
            return ReadVersion(call);
        }
        finally
        {
            Return(call);
        }
    }

    /// <summary>Asks what there is; the version has been agreed on.</summary>
    /// <exception cref="PciException">The server refuses, or says what cannot be.</exception>
    public async ValueTask<ServedShape> DescribeAsync()
    {
        var info = new DeviceInfo { ArgumentSize = NativeSize.Of<DeviceInfo>() };
        info = await AskAsync(MessageCommand.DeviceGetInfo, info).ConfigureAwait(false);
        Require((info.Flags & VfioDeviceInfo.VFIO_DEVICE_FLAGS_PCI) != 0, "its device is not a PCI function");
        Require(info.Regions is > RegionIndex.Configuration && info.Regions <= (uint)limits.MaxRegions, $"it says that its function has {info.Regions} regions");
        Require(info.Interrupts <= (uint)limits.MaxInterruptKinds, $"it says that its function interrupts in {info.Interrupts} ways");
        var regions = ImmutableArray.CreateBuilder<RegionDescription>();
        var files = ImmutableArray.CreateBuilder<FileDescriptor?>();
        try
        {
            for (uint index = 0; index < info.Regions; index++)
            {
                (RegionDescription region, FileDescriptor? file) = await DescribeRegionAsync(index).ConfigureAwait(false);
                regions.Add(region);
                files.Add(file);
            }

            var interrupts = ImmutableArray.CreateBuilder<VfioIrqInfo>();
            for (uint index = 0; index < Math.Min(info.Interrupts, (uint)InterruptKind.Request + 1); index++)
            {
                interrupts.Add(await DescribeInterruptsAsync(index).ConfigureAwait(false));
            }

            return served with
            {
                CanReset = (info.Flags & VfioDeviceInfo.VFIO_DEVICE_FLAGS_RESET) != 0,
                Regions = regions.ToImmutable(),
                Files = files.ToImmutable(),
                Interrupts = interrupts.ToImmutable(),
            };
        }
        catch
        {
            foreach (FileDescriptor? file in files)
            {
                file?.Dispose();
            }

            throw;
        }
    }

    private async ValueTask<(RegionDescription Region, FileDescriptor? File)> DescribeRegionAsync(uint index)
    {
        uint room = NativeSize.Of<VfioRegionInfo>();
        while (true)
        {
            byte[] request = new byte[NativeSize.Of<VfioRegionInfo>()];
            MemoryMarshal.Write(request, new VfioRegionInfo { argsz = room, index = index });
            ClientCall call = await AskAsync(MessageCommand.DeviceGetRegionInfo, request, limits.ReplyTime).ConfigureAwait(false);
            try
            {
                Require(MemoryMarshal.TryRead(call.Payload, out VfioRegionInfo info) && info.index == index, $"it does not describe region {index}");
                uint length = Math.Max(info.argsz, (uint)call.Length);
                Require(length <= (uint)limits.MaxRegionInfo, $"its description of region {index} has {length} bytes");
                if (info.argsz > room)
                {
                    // Asked for anew once: one that never has enough would be asked for ever.
                    Require(room == NativeSize.Of<VfioRegionInfo>(), $"its description of region {index} has {info.argsz} bytes now, and had {room}");
                    room = info.argsz;
                    continue;
                }

                RegionDescription region = RegionDescription.Read(call.Payload);
                Require(region.Capabilities.Findings.IsEmpty, $"its description of region {index} is wrong: {string.Join("; ", region.Capabilities.Findings)}");
                return (region, TakeFile(call));
            }
            finally
            {
                Return(call);
            }
        }
    }

    private async ValueTask<VfioIrqInfo> DescribeInterruptsAsync(uint index)
    {
        var info = new VfioIrqInfo { argsz = NativeSize.Of<VfioIrqInfo>(), index = index };
        info = await AskAsync(MessageCommand.DeviceGetIrqInfo, info).ConfigureAwait(false);
        uint most = (InterruptKind)index switch
        {
            InterruptKind.Msix => MaxVectors,
            InterruptKind.Msi => 32,
            _ => 1,
        };
        Require(info.index == index && info.count <= most, $"it says that its function has {info.count} {((InterruptKind)index).Label} vectors");
        return info;
    }

    private UnixSocket? ReadVersion(ClientCall call)
    {
        string fault = "";
        Require(MemoryMarshal.TryRead(call.Payload, out VersionHeader version), "its version is cut off");
        Require(version.Major == Major && version.Minor <= Minor, $"it speaks version {version.Major}.{version.Minor}, not {Major}.{Minor} or less");
        bool isRead = CapabilitiesJson.TryRead(call.Payload[(int)NativeSize.Of<VersionHeader>()..], out Capabilities server, out fault);
        Require(isRead, fault);
        Require(server.MaxDataTransfer > 0, "it takes no data at all");
        served = served with { Server = server, Minor = version.Minor };
        if (!server.TwinSocket)
        {
            return null;
        }

        Require(server.TwinSocketIndex is { } index && index < call.Files.Length, "it has a socket for its commands and does not say which");
        FileDescriptor file = call.Files[server.TwinSocketIndex!.Value];
        call.Files[server.TwinSocketIndex.Value] = null!;
        return new UnixSocket(file);
    }

    private static FileDescriptor? TakeFile(ClientCall call)
    {
        if (call.Files.Length == 0)
        {
            return null;
        }

        FileDescriptor file = call.Files[0];
        call.Files[0] = null!;
        return file;
    }

    private async ValueTask<T> AskAsync<T>(MessageCommand command, T question)
        where T : unmanaged
    {
        byte[] request = new byte[NativeSize.Of<T>()];
        MemoryMarshal.Write(request, in question);
        ClientCall call = await AskAsync(command, request, limits.ReplyTime).ConfigureAwait(false);
        try
        {
            Require(MemoryMarshal.TryRead(call.Payload, out T answer), $"its reply to {Tracing.MessageText.NameOf(command)} is cut off");
            return answer;
        }
        finally
        {
            Return(call);
        }
    }

    private async ValueTask<ClientCall> AskAsync(MessageCommand command, byte[] request, TimeSpan time)
    {
        ClientCall call = await channel.CallAsync(command, request, time).ConfigureAwait(false) ?? throw Unanswered(command);
        if (call.Error == Errno.None)
        {
            return call;
        }

        Errno error = call.Error;
        Return(call);
        throw new PciException("connect", $"{name} refuses {Tracing.MessageText.NameOf(command)} ({error})", errorNumber: (int)error);
    }

    private PciException Unanswered(MessageCommand command) => command == MessageCommand.Version && channel.IsOverdue
        ? new DeviceBusyException("connect", $"{name} does not answer: it has another client, as a rule, and serves one at a time. End that one, or wait for longer.")
        : new VfioUserProtocolException("connect", $"{name} cannot be driven: {channel.Reason}");

    // What nobody took of it is closed.
    private void Return(ClientCall call)
    {
        foreach (FileDescriptor? file in call.Files)
        {
            file?.Dispose();
        }

        channel.Return(call);
    }

    private void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new VfioUserProtocolException("connect", $"{name} cannot be driven: {complaint}");
        }
    }
}
