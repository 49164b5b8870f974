using System.Collections.Immutable;
using System.Numerics;
using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.VfioUser.Client;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser;

/// <summary>
/// Takes a served function's state to another process: stop it, save its state, restore that into a function of the same layout, let it go on there. Which
/// memory it writes meanwhile can be had as well, so that memory is copied while the function still works.
/// </summary>
/// <remarks>One call at a time. What fails leaves the function to be reset.</remarks>
public sealed class FunctionMigration
{
    private const ulong PageSize = 4096;

    private static readonly int HeaderLength = (int)NativeSize.Of<VfioDeviceFeature>();
    private static readonly int DataHeaderLength = (int)NativeSize.Of<MigrationData>();

    private readonly VfioUserFunction function;
    private readonly VfioUserLimits limits;

    private FunctionMigration(VfioUserFunction function, VfioUserLimits limits)
    {
        this.function = function;
        this.limits = limits;
    }

    /// <summary>Asks a function whether it can be taken elsewhere.</summary>
    /// <param name="function">A function that <see cref="VfioUserClient"/> connected to.</param>
    /// <param name="stop">Gives up before anything is asked.</param>
    /// <returns>How to take it.</returns>
    /// <exception cref="NotSupportedException">It is no such function, or cannot be taken anywhere.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    public static async ValueTask<FunctionMigration> OfAsync(PciFunction function, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(function);
        stop.ThrowIfCancellationRequested();
        if (function is not VfioUserFunction served)
        {
            throw new NotSupportedException($"{function.Name} is not reached over vfio-user");
        }

        served.ThrowIfGone("migrate");
        ulong states = await ServerContact.AskMigrationAsync(served.Channel, served.Limits).ConfigureAwait(false) ?? throw served.Lost("migrate");
        return (states & VfioDeviceFeature.VFIO_MIGRATION_STOP_COPY) != 0
            ? new FunctionMigration(served, served.Limits) : throw new NotSupportedException($"{function.Name} cannot be taken to another process");
    }

    /// <summary>Stops the function: it changes nothing, neither in itself nor in memory, and its registers do not answer.</summary>
    /// <param name="stop">Gives up before anything is asked.</param>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">The server refuses.</exception>
    public ValueTask StopAsync(CancellationToken stop = default) => ChangeAsync(VfioMigrationState.VFIO_DEVICE_STATE_STOP, stop);

    /// <summary>Lets a stopped function go on.</summary>
    /// <inheritdoc cref="StopAsync"/>
    public ValueTask ResumeAsync(CancellationToken stop = default) => ChangeAsync(VfioMigrationState.VFIO_DEVICE_STATE_RUNNING, stop);

    /// <summary>Stops the function and saves its state. It stays stopped.</summary>
    /// <param name="destination">Takes the state.</param>
    /// <param name="stop">Gives up; the function is stopped then, or still runs.</param>
    /// <inheritdoc cref="StopAsync" path="/exception"/>
    public async ValueTask SaveAsync(Stream destination, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(destination);
        await ChangeAsync(VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY, stop).ConfigureAwait(false);
        uint size = (uint)function.MaxData;
        long room = limits.MaxStateBytes;
        byte[] request = new byte[DataHeaderLength];
        MemoryMarshal.Write(request, new MigrationData { ArgumentSize = (uint)DataHeaderLength + size, Size = size });
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            byte[] reply = await CallAsync(MessageCommand.MigrationDataRead, request, limits.ReplyTime).ConfigureAwait(false);
            if (!MemoryMarshal.TryRead(reply, out MigrationData data) || data.Size > size || data.Size != (uint)(reply.Length - DataHeaderLength))
            {
                throw new VfioUserProtocolException("migrate", $"{function.Name} gives its state in pieces that cannot be");
            }

            room -= data.Size;
            if (room < 0)
            {
                throw new VfioUserProtocolException("migrate", $"{function.Name} gives a state of more than the {limits.MaxStateBytes} bytes that it may have");
            }

            await destination.WriteAsync(reply.AsMemory(DataHeaderLength), stop).ConfigureAwait(false);
            if (data.Size < size)
            {
                break;
            }
        }

        await ChangeAsync(VfioMigrationState.VFIO_DEVICE_STATE_STOP, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Stops the function and gives it the state that another of its layout has saved. It stays stopped.</summary>
    /// <param name="source">The state, to its end.</param>
    /// <param name="stop">Gives up. Where some of the state was given by then the function is to be reset; it still has its own, for nothing was taken over.</param>
    /// <inheritdoc cref="StopAsync" path="/exception"/>
    public async ValueTask RestoreAsync(Stream source, CancellationToken stop = default)
    {
        ArgumentNullException.ThrowIfNull(source);
        await ChangeAsync(VfioMigrationState.VFIO_DEVICE_STATE_RESUMING, stop).ConfigureAwait(false);
        byte[] message = new byte[DataHeaderLength + function.MaxData];
        while (await source.ReadAtLeastAsync(message.AsMemory(DataHeaderLength), function.MaxData, throwOnEndOfStream: false, stop).ConfigureAwait(false) is var size and > 0)
        {
            MemoryMarshal.Write(message, new MigrationData { ArgumentSize = (uint)(DataHeaderLength + size), Size = (uint)size });
            await CallAsync(MessageCommand.MigrationDataWrite, message.AsMemory(0, DataHeaderLength + size), limits.ReplyTime).ConfigureAwait(false);
        }

        await ChangeAsync(VfioMigrationState.VFIO_DEVICE_STATE_STOP, CancellationToken.None).ConfigureAwait(false);
    }

    /// <summary>Begins to note which memory the function writes.</summary>
    /// <param name="ranges">What to note; everything where there is none.</param>
    /// <param name="stop">Gives up before anything is asked.</param>
    /// <inheritdoc cref="StopAsync" path="/exception"/>
    public async ValueTask StartLogAsync(ImmutableArray<IovaRange> ranges, CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        ranges = ranges.IsDefault ? [] : ranges;
        var control = new DirtyLogControl { PageSize = PageSize, Ranges = (uint)ranges.Length };
        DirtyLogRange[] records = [.. ranges.Select(range => new DirtyLogRange { Address = range.First.Value, Length = range.Last.Value - range.First.Value + 1 })];
        byte[] data = [.. MemoryMarshal.AsBytes<DirtyLogControl>([control]), .. MemoryMarshal.AsBytes(records.AsSpan())];
        await AskAsync(VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_START | VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET, data, 0).ConfigureAwait(false);
    }

    /// <summary>Ends that.</summary>
    /// <inheritdoc cref="StopAsync"/>
    public async ValueTask StopLogAsync(CancellationToken stop = default)
    {
        stop.ThrowIfCancellationRequested();
        await AskAsync(VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP | VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET, [], 0).ConfigureAwait(false);
    }

    /// <summary>Which memory the function has written since it was last asked, in pages of 4 KiB.</summary>
    /// <param name="range">What to tell of: page-aligned at both ends.</param>
    /// <param name="stop">Gives up; what has been told by then is not told again.</param>
    /// <returns>The written pages, those that touch as one range, ascending.</returns>
    /// <exception cref="ArgumentException">The range is not aligned to pages.</exception>
    /// <inheritdoc cref="StopAsync" path="/exception"/>
    public async ValueTask<ImmutableArray<IovaRange>> ReadLogAsync(IovaRange range, CancellationToken stop = default)
    {
        if (range.First.Value % PageSize != 0 || range.Last.Value % PageSize != PageSize - 1)
        {
            throw new ArgumentException($"{range} is not aligned to pages of {PageSize} bytes at both ends", nameof(range));
        }

        // As much at once as a reply may hold, in whole words; a server that takes less than one word says what cannot be meant.
        ulong most = (ulong)Math.Max(1, function.MaxData / 2 / sizeof(ulong)) * 64 * PageSize;
        var written = ImmutableArray.CreateBuilder<IovaRange>();
        for (ulong at = range.First.Value; ;)
        {
            stop.ThrowIfCancellationRequested();
            ulong last = range.Last.Value - at < most ? range.Last.Value : at + (most - 1);
            await ReadPieceAsync(at, last - at + 1, written).ConfigureAwait(false);
            if (last == range.Last.Value)
            {
                return written.ToImmutable();
            }

            at = last + 1;
        }
    }

    private async ValueTask ReadPieceAsync(ulong address, ulong length, ImmutableArray<IovaRange>.Builder written)
    {
        var report = new DirtyLogReport { Address = address, Length = length, PageSize = PageSize };
        int words = (int)(((length / PageSize) + 63) / 64);
        byte[] answer = await AskAsync(
            VfioDeviceFeature.VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT | VfioDeviceFeature.VFIO_DEVICE_FEATURE_GET, MemoryMarshal.AsBytes<DirtyLogReport>([report]).ToArray(), words * sizeof(ulong))
            .ConfigureAwait(false);
        int bytes = answer.Length - (int)NativeSize.Of<DirtyLogReport>();
        if (bytes != words * sizeof(ulong))
        {
            throw new VfioUserProtocolException("migrate", $"{function.Name} tells of pages in {bytes} bytes, where those of the {length / PageSize} that it was asked about take {words * sizeof(ulong)}");
        }

        ulong[] bitmap = MemoryMarshal.Cast<byte, ulong>(answer.AsSpan(^bytes..)).ToArray();
        int used = (int)((length / PageSize) % 64);
        if (used != 0 && bitmap[^1] >> used != 0)
        {
            throw new VfioUserProtocolException("migrate", $"{function.Name} tells of pages behind the {length / PageSize} that it was asked about");
        }

        for (int word = 0; word < words; word++)
        {
            for (ulong left = bitmap[word]; left != 0; left &= left - 1)
            {
                ulong page = address + ((((ulong)word * 64) + (ulong)BitOperations.TrailingZeroCount(left)) * PageSize);
                bool joins = written.Count > 0 && written[^1].Last.Value + 1 == page;
                var next = new IovaRange(joins ? written[^1].First : new Iova(page), new Iova(page + (PageSize - 1)));
                if (joins)
                {
                    written[^1] = next;
                }
                else
                {
                    written.Add(next);
                }
            }
        }
    }

    private async ValueTask ChangeAsync(VfioMigrationState state, CancellationToken stop)
    {
        stop.ThrowIfCancellationRequested();
        byte[] record = MemoryMarshal.AsBytes<MigrationStateRecord>([new MigrationStateRecord { State = (uint)state }]).ToArray();
        await AskAsync(VfioDeviceFeature.VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE | VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET, record, 0).ConfigureAwait(false);
    }

    // A feature's data, and what comes back of them.
    private async ValueTask<byte[]> AskAsync(uint flags, byte[] data, int more)
    {
        byte[] request = new byte[HeaderLength + data.Length];
        MemoryMarshal.Write(request, new VfioDeviceFeature { argsz = (uint)(request.Length + more), flags = flags });
        data.CopyTo(request, HeaderLength);
        byte[] reply = await CallAsync(MessageCommand.DeviceFeature, request, limits.ResetTime).ConfigureAwait(false);
        return reply.Length >= HeaderLength ? reply[HeaderLength..] : throw new VfioUserProtocolException("migrate", $"{function.Name} cuts its replies off");
    }

    private async ValueTask<byte[]> CallAsync(MessageCommand command, ReadOnlyMemory<byte> request, TimeSpan time)
    {
        function.ThrowIfGone("migrate");
        if (await function.Channel.CallAsync(command, request, time).ConfigureAwait(false) is not { } call)
        {
            throw function.Lost("migrate");
        }

        Errno error = call.Error;
        byte[] reply = call.Payload.ToArray();
        function.Channel.Return(call);
        return error == Errno.None ? reply : throw new PciException("migrate", $"{function.Name} refuses ({error}); the server's log may say why", errorNumber: (int)error);
    }
}
