using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>
/// The commands that take a function's state from one process to another while its client's memory is copied: <c>DEVICE_FEATURE</c>,
/// <c>MIG_DATA_READ</c> and <c>MIG_DATA_WRITE</c>. Stop-copy and logging of written memory; no pre-copy.
/// </summary>
internal sealed class MigrationCommands(Served served, MessageStream stream, Capabilities client, Action<string> complain) : IAsyncDisposable
{
    private const uint Get = VfioDeviceFeature.VFIO_DEVICE_FEATURE_GET;
    private const uint Set = VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET;
    private const uint Probe = VfioDeviceFeature.VFIO_DEVICE_FEATURE_PROBE;

    private static readonly int HeaderLength = (int)NativeSize.Of<VfioDeviceFeature>();
    private static readonly int DataHeaderLength = (int)NativeSize.Of<MigrationData>();

    private readonly FunctionCore core = served.Function.Core;
    private readonly VfioUserLimits limits = served.Options.Limits;
    private readonly int maxData = Math.Min(served.Options.Limits.MaxDataTransfer, client.MaxDataTransfer);
    private VfioMigrationState state = VfioMigrationState.VFIO_DEVICE_STATE_RUNNING;
    private MemoryStream data = new();
    private int resets = served.Function.Core.Resets;

    /// <summary>Carries a command about a feature out; one that changes the state is told by <paramref name="change"/>, and carried out by <see cref="ChangeAsync"/>.</summary>
    public Errno Feature(in Message message, out Reply reply, out VfioMigrationState? change)
    {
        reply = default;
        change = null;
        NoteReset();
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out VfioDeviceFeature feature) || feature.argsz < (uint)HeaderLength)
        {
            return Errno.EINVAL;
        }

        uint index = feature.flags & VfioDeviceFeature.VFIO_DEVICE_FEATURE_MASK;
        uint methods = feature.flags & ~VfioDeviceFeature.VFIO_DEVICE_FEATURE_MASK;
        uint supported = served.Function.Layout.CanMigrate ? MethodsOf(index) : 0;
        if ((methods & ~(Get | Set | Probe)) != 0 || (methods & Probe) == 0 && methods is not (Get or Set))
        {
            return Errno.EINVAL;
        }

        if (supported == 0 || (methods & (Get | Set) & ~supported) != 0)
        {
            return Errno.ENOTTY; // as the kernel (vfio_ioctl_device_feature(), drivers/vfio/vfio_main.c)
        }

        if ((methods & Probe) != 0)
        {
            reply = Reply.Of(stream, message.Payload);
            return Errno.None;
        }

        switch (index)
        {
            case VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIGRATION:
                return Answer(in feature, (ulong)VfioDeviceFeature.VFIO_MIGRATION_STOP_COPY, out reply);
            case VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE when methods == Get:
                return Answer(in feature, new MigrationStateRecord { State = (uint)state }, out reply);
            case VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE:
                return ReadChange(ref reader, in message, out reply, out change);
            case VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_START:
                return StartLog(ref reader, in message, out reply);
            case VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP:
                return StopLog(in message, out reply);
            default:
                return ReportLog(ref reader, in feature, out reply);
        }
    }

    /// <summary>Goes from state to state until that one is reached.</summary>
    public async ValueTask<Errno> ChangeAsync(VfioMigrationState target)
    {
        while (state != target)
        {
            // All ways lead through being stopped, and none is longer than that.
            VfioMigrationState next = state == VfioMigrationState.VFIO_DEVICE_STATE_STOP ? target : VfioMigrationState.VFIO_DEVICE_STATE_STOP;
            Errno error = await StepAsync(next).ConfigureAwait(false);
            if (error != Errno.None)
            {
                return error;
            }

            state = next;
        }

        return Errno.None;
    }

    public Errno ReadData(in Message message, out Reply reply)
    {
        reply = default;
        NoteReset();
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out MigrationData request) || state != VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY || request.Size > (uint)maxData
            || request.ArgumentSize < (uint)DataHeaderLength + request.Size)
        {
            return Errno.EINVAL;
        }

        Span<byte> payload = stream.Reserve(DataHeaderLength + (int)request.Size);
        int count = data.Read(payload[DataHeaderLength..]);
        new MessageWriter(payload).Write(new MigrationData { ArgumentSize = (uint)(DataHeaderLength + count), Size = (uint)count });
        reply = new Reply(DataHeaderLength + count);
        return Errno.None;
    }

    public Errno WriteData(in Message message)
    {
        NoteReset();
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out MigrationData request) || state != VfioMigrationState.VFIO_DEVICE_STATE_RESUMING || request.Size != (uint)reader.Rest.Length)
        {
            return Errno.EINVAL;
        }

        if (request.Size > limits.MaxStateBytes - data.Length)
        {
            complain($"it brings a state of more than the {limits.MaxStateBytes} bytes that it may have");
            return Errno.ENOSPC;
        }

        data.Write(reader.Rest);
        return Errno.None;
    }

    /// <summary>The client is gone: the function runs on, and nobody wants to know what it writes.</summary>
    public async ValueTask DisposeAsync()
    {
        core.Memory.Log = null;
        NoteReset();
        if (state != VfioMigrationState.VFIO_DEVICE_STATE_RUNNING)
        {
            await core.StartAsync(CancellationToken.None).ConfigureAwait(false);
        }
    }

    private static uint MethodsOf(uint index) => index switch
    {
        VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIGRATION or VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT => Get,
        VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE => Get | Set,
        VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_START or VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP => Set,
        _ => 0,
    };

    // A function that was reset runs, whoever asked for it.
    private void NoteReset()
    {
        if (resets != core.Resets)
        {
            resets = core.Resets;
            state = VfioMigrationState.VFIO_DEVICE_STATE_RUNNING;
            data = new MemoryStream();
        }
    }

    private async ValueTask<Errno> StepAsync(VfioMigrationState next)
    {
        try
        {
            switch (state, next)
            {
                case (VfioMigrationState.VFIO_DEVICE_STATE_RUNNING, _):
                    await core.StopAsync(CancellationToken.None).ConfigureAwait(false);
                    break;
                case (_, VfioMigrationState.VFIO_DEVICE_STATE_RUNNING):
                    await core.StartAsync(CancellationToken.None).ConfigureAwait(false);
                    break;
                case (_, VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY):
                    return await SaveAsync().ConfigureAwait(false);
                case (_, VfioMigrationState.VFIO_DEVICE_STATE_RESUMING):
                    data = new MemoryStream();
                    break;
                case (VfioMigrationState.VFIO_DEVICE_STATE_RESUMING, _):
                    await FunctionState.RestoreAsync(core, data.GetBuffer().AsMemory(0, (int)data.Length), CancellationToken.None).ConfigureAwait(false);
                    data = new MemoryStream();
                    break;
                case (VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY, _):
                    data = new MemoryStream();
                    break;
                default:
                    return Errno.EINVAL;
            }

            return Errno.None;
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            // What the author's part had changed by then nobody knows: a reset brings the function back.
            complain($"its migration failed: {exception.Message}");
            state = VfioMigrationState.VFIO_DEVICE_STATE_ERROR;
            return Errno.EINVAL;
        }
    }

    private async ValueTask<Errno> SaveAsync()
    {
        data = new MemoryStream();
        await FunctionState.SaveAsync(core, data, CancellationToken.None).ConfigureAwait(false);
        if (data.Length > limits.MaxStateBytes)
        {
            complain($"the function's state has {data.Length} bytes, where {limits.MaxStateBytes} may be");
            data = new MemoryStream();
            return Errno.ENOSPC;
        }

        data.Position = 0;
        return Errno.None;
    }

    private Errno ReadChange(ref MessageReader reader, in Message message, out Reply reply, out VfioMigrationState? change)
    {
        reply = default;
        change = null;
        if (!reader.TryRead(out MigrationStateRecord record) || state == VfioMigrationState.VFIO_DEVICE_STATE_ERROR
            || (VfioMigrationState)record.State is not (VfioMigrationState.VFIO_DEVICE_STATE_STOP or VfioMigrationState.VFIO_DEVICE_STATE_RUNNING
                or VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY or VfioMigrationState.VFIO_DEVICE_STATE_RESUMING))
        {
            return Errno.EINVAL;
        }

        reply = Reply.Of(stream, message.Payload[..(HeaderLength + (int)NativeSize.Of<MigrationStateRecord>())]);
        change = (VfioMigrationState)record.State;
        return Errno.None;
    }

    private Errno StartLog(ref MessageReader reader, in Message message, out Reply reply)
    {
        reply = default;
        if (!reader.TryRead(out DirtyLogControl control) || !ulong.IsPow2(control.PageSize) || core.Memory.Log is not null
            || reader.Rest.Length / (int)NativeSize.Of<DirtyLogRange>() != control.Ranges || reader.Rest.Length % (int)NativeSize.Of<DirtyLogRange>() != 0)
        {
            return Errno.EINVAL;
        }

        var ranges = ImmutableArray.CreateBuilder<IovaRange>((int)control.Ranges);
        while (reader.TryRead(out DirtyLogRange range))
        {
            if (range.Length == 0 || range.Length - 1 > ulong.MaxValue - range.Address)
            {
                return Errno.EINVAL;
            }

            ranges.Add(new IovaRange(new Iova(range.Address), new Iova(range.Address + (range.Length - 1))));
        }

        core.Memory.Log = new DirtyLog(ranges.ToImmutable());
        reply = Reply.Of(stream, message.Payload);
        control.PageSize = DirtyLog.PageSize;
        new MessageWriter(stream.Reserve(reply.Length)[HeaderLength..]).Write(in control);
        return Errno.None;
    }

    private Errno StopLog(in Message message, out Reply reply)
    {
        reply = Reply.Of(stream, message.Payload);
        bool isOn = core.Memory.Log is not null;
        core.Memory.Log = null;
        return isOn ? Errno.None : Errno.EINVAL;
    }

    private Errno ReportLog(ref MessageReader reader, in VfioDeviceFeature feature, out Reply reply)
    {
        reply = default;
        if (core.Memory.Log is not { } log || !reader.TryRead(out DirtyLogReport report) || !ulong.IsPow2(report.PageSize) || report.PageSize < DirtyLog.PageSize
            || report.Length == 0 || ((report.Address | report.Length) & (report.PageSize - 1)) != 0 || report.Length - 1 > ulong.MaxValue - report.Address)
        {
            return Errno.EINVAL;
        }

        ulong words = ((report.Length / report.PageSize) + 63) / 64;
        int fixedLength = HeaderLength + (int)NativeSize.Of<DirtyLogReport>();
        if (words > (ulong)(maxData / sizeof(ulong)) || feature.argsz < (ulong)fixedLength + (words * sizeof(ulong)))
        {
            return Errno.EINVAL;
        }

        ulong[] bitmap = new ulong[words];
        log.Take(report.Address, report.Length, report.PageSize, bitmap);
        int length = fixedLength + (bitmap.Length * sizeof(ulong));
        var writer = new MessageWriter(stream.Reserve(length));
        writer.Write(new VfioDeviceFeature { argsz = (uint)length, flags = feature.flags });
        writer.Write(in report);
        writer.Write(MemoryMarshal.AsBytes<ulong>(bitmap));
        reply = new Reply(length);
        return Errno.None;
    }

    private Errno Answer<T>(in VfioDeviceFeature feature, T value, out Reply reply)
        where T : unmanaged
    {
        reply = default;
        int length = HeaderLength + (int)NativeSize.Of<T>();
        if (feature.argsz < (uint)length)
        {
            return Errno.EINVAL;
        }

        var writer = new MessageWriter(stream.Reserve(length));
        writer.Write(new VfioDeviceFeature { argsz = (uint)length, flags = feature.flags });
        writer.Write(in value);
        reply = new Reply(length);
        return Errno.None;
    }
}
