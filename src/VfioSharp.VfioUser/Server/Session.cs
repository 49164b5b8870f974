using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Joining;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>A client that has said its version and has the function: carries out its commands, one after the other, as they came.</summary>
internal sealed class Session : IAsyncDisposable
{
    private static readonly TimeSpan RescueTime = TimeSpan.FromMilliseconds(100);

    private readonly Served served;
    private readonly MessageStream stream;
    private readonly Action<string> complain;
    private readonly FunctionPort port;
    private readonly RegionCommands regions;
    private readonly InterruptCommands interrupts;
    private readonly MemoryCommands memory;
    private readonly MigrationCommands migration;
    private readonly IoDescriptorCommands ioDescriptors;

    // A command that takes its time, and what it is going to be replied with.
    private Task<Errno>? pending;
    private MessageHeader pendingHeader;
    private byte[] pendingReply = [];

    /// <summary>Becomes the function's client; nobody else may be.</summary>
    /// <param name="served">The function.</param>
    /// <param name="stream">The connection.</param>
    /// <param name="client">What the client can do.</param>
    /// <param name="messages">Memory of the client's that it shows without a descriptor.</param>
    /// <param name="complain">Takes what the client does wrong.</param>
    /// <param name="connection">Whose it is.</param>
    public Session(Served served, MessageStream stream, Capabilities client, IClientMemory messages, Action<string> complain, IConnection connection)
    {
        this.served = served;
        this.stream = stream;
        this.complain = complain;
        port = FunctionPort.Attach(served.Function);
        regions = new RegionCommands(served, stream, client);
        interrupts = new InterruptCommands(port, stream);
        memory = new MemoryCommands(served, port, stream, messages, complain, connection.Fail);
        migration = new MigrationCommands(served, stream, client, complain);
        ioDescriptors = new IoDescriptorCommands(served, stream, client, connection.OnRung);
    }

    /// <summary>The command that takes its time; null while there is none. No other is carried out meanwhile.</summary>
    public Task? Pending => pending;

    /// <summary>Whether the client has descriptors to ring doorbells by.</summary>
    public bool HasBells => ioDescriptors.HasBells;

    /// <summary>Whether it has rung one.</summary>
    public bool HasRung => ioDescriptors.HasRung;

    /// <summary>How often the client was signalled.</summary>
    public long Signals => port.Signals;

    /// <summary>Carries a command out and adds the reply to what is to be sent, unless it takes its time: then <see cref="Pending"/> is set.</summary>
    public void Handle(in Message message)
    {
        MessageHeader header = message.Header;
        Reply reply = default;
        Errno error;
        served.Counters.Count(header.Command);
        try
        {
            error = header.Command switch
            {
                MessageCommand.RegionRead => regions.Read(in message, out reply),
                MessageCommand.RegionWrite => regions.Write(in message, out reply),
                MessageCommand.RegionWriteMulti => regions.WriteMulti(in message, out reply),
                MessageCommand.DeviceGetInfo => regions.GetInfo(in message, out reply),
                MessageCommand.DeviceGetRegionInfo => regions.GetRegionInfo(in message, out reply),
                MessageCommand.DeviceGetRegionIoFds => ioDescriptors.Get(in message, out reply),
                MessageCommand.DeviceGetIrqInfo => interrupts.GetInfo(in message, out reply),
                MessageCommand.DeviceSetIrqs => interrupts.Set(in message),
                MessageCommand.DmaMap => memory.Map(in message),
                MessageCommand.DmaUnmap => Unmap(in message),
                MessageCommand.DeviceReset => Reset(in message),
                MessageCommand.DeviceFeature => Feature(in message, out reply),
                MessageCommand.MigrationDataRead => migration.ReadData(in message, out reply),
                MessageCommand.MigrationDataWrite => migration.WriteData(in message),
                _ => Errno.EINVAL, // QEMU takes that for "not supported"
            };
        }
        catch (PciException exception)
        {
            // Something of this process's own has run out.
            complain($"{header.Command} failed: {exception.Message}");
            error = exception.Errno == Errno.None ? Errno.EIO : exception.Errno;
        }

        if (pending is not null)
        {
            pendingHeader = header;
            if (!pending.IsCompleted)
            {
                return;
            }

            Finish();
            return;
        }

        Answer(header, error, reply);
    }

    /// <summary>The command that took its time is done: adds its reply.</summary>
    public void Finish()
    {
        Errno error = pending!.IsCompletedSuccessfully ? pending.Result : Errno.EIO;
        if (pending.Exception is { } exception)
        {
            complain($"{pendingHeader.Command} failed: {exception.InnerException!.Message}");
        }

        pending = null;
        Answer(pendingHeader, error, Reply.Of(stream, pendingReply));
    }

    /// <summary>Tells the function of the doorbells that were rung by descriptors.</summary>
    public void Ring() => ioDescriptors.Ring();

    /// <summary>Asks the client to give the function back; one that did not say how to ask it is not asked.</summary>
    public void AskForRelease() => port.Trigger(Devices.Seam.InterruptKind.Request, 0);

    /// <summary>Lets go on whoever hangs on an eventfd of the client's.</summary>
    public void Rescue() => interrupts.Rescue();

    /// <summary>The client is gone: the function keeps its state, and is left without memory, interrupts and bus mastering.</summary>
    public async ValueTask DisposeAsync()
    {
        if (pending is not null)
        {
            await ((Task)pending).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        ioDescriptors.Dispose();
        await LetGoAsync().ConfigureAwait(false);
        await migration.DisposeAsync().ConfigureAwait(false);
        interrupts.Dispose();
    }

    // Whoever hangs on an eventfd of the client's holds the function; and who still has the eventfd may fill it again.
    private async Task LetGoAsync()
    {
        Task letting = Task.Run(() => port.DisposeAsync().AsTask());
        while (!letting.IsCompleted)
        {
            interrupts.Rescue();
            await letting.WaitAsync(RescueTime).ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
        }

        await letting.ConfigureAwait(false);
    }

    private Errno Unmap(in Message message)
    {
        Errno error = memory.ReadUnmap(in message, out VfioIommuType1DmaUnmap request);
        if (error == Errno.None)
        {
            pendingReply = message.Payload[..(int)NativeSize.Of<VfioIommuType1DmaUnmap>()].ToArray();
            pending = memory.UnmapAsync(request).AsTask();
        }

        return error;
    }

    private Errno Reset(in Message message)
    {
        if (!message.Payload.IsEmpty)
        {
            return Errno.EINVAL;
        }

        pendingReply = [];
        pending = ResetAsync();
        return Errno.None;
    }

    private async Task<Errno> ResetAsync()
    {
        await port.ResetAsync().ConfigureAwait(false);
        return Errno.None;
    }

    private Errno Feature(in Message message, out Reply reply)
    {
        Errno error = migration.Feature(in message, out reply, out VfioMigrationState? change);
        if (error == Errno.None && change is { } target)
        {
            pendingReply = stream.Reserve(reply.Length).ToArray();
            pending = migration.ChangeAsync(target).AsTask();
        }

        return error;
    }

    private void Answer(MessageHeader header, Errno error, Reply reply)
    {
        if (error != Errno.None)
        {
            served.Counters.CountRefusal();
        }

        if (!header.WantsReply)
        {
            stream.Release();
            return;
        }

        header.Flags = MessageFlags.Reply | (error == Errno.None ? 0 : MessageFlags.Error);
        header.Error = (uint)error;
        stream.Commit(header, error == Errno.None ? reply.Length : 0, error == Errno.None ? reply.Files : []);
    }
}
