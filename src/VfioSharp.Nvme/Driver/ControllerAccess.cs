using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Nvme.Driver;

/// <summary>A controller's registers: on, off, shut down, each with an end to the waiting (NVM Express Base 2.0, 3.5 and 3.6).</summary>
internal sealed class ControllerAccess
{
    private const int MaxPageSize = 1 << 16;
    private const int MinPageSize = 1 << 12;
    private const uint Absent = uint.MaxValue;
    private static readonly TimeSpan ShortestWait = TimeSpan.FromSeconds(1);

    private readonly PciFunction function;
    private readonly CommandFailures failures;
    private readonly TimeSpan patience;

    /// <exception cref="PciException">The function is gone, or what the registers say cannot be.</exception>
    public ControllerAccess(PciFunction function, Registers registers, CommandFailures failures, TimeSpan? patience)
    {
        this.function = function;
        this.failures = failures;
        Registers = registers;
        Capabilities = ReadCapabilities();
        this.patience = patience ?? TimeSpan.FromTicks(Math.Max(Capabilities.Timeout.Ticks, ShortestWait.Ticks));
        PageSize = (int)Math.Clamp(Capabilities.MinPageSize, MinPageSize, MaxPageSize);
    }

    public Registers Registers { get; }

    public ControllerCapabilities Capabilities { get; }

    /// <summary>The memory page in bytes: the smallest that the controller takes.</summary>
    public int PageSize { get; }

    /// <summary>VS.</summary>
    public Version Version
    {
        get
        {
            uint value = Registers.Read32(ControllerRegister.Version);
            return new Version((int)(value >> 16), (int)(value >> 8) & 0xFF, (int)value & 0xFF);
        }
    }

    /// <summary>Whether the registers read as those of an absent function do.</summary>
    public bool IsGone => function.IsLost || Registers.Read32(ControllerRegister.Status) == Absent;

    /// <summary>CSTS; all ones where the function is gone.</summary>
    public ControllerStatus Status => (ControllerStatus)Registers.Read32(ControllerRegister.Status);

    /// <summary>The doorbells of a pair of queues.</summary>
    /// <exception cref="NvmeException">They lie beyond the end of the BAR.</exception>
    public QueueDoorbells DoorbellsOf(int queue)
    {
        ulong tail = ControllerRegister.SubmissionTail(queue, Capabilities.DoorbellStride);
        ulong head = ControllerRegister.CompletionHead(queue, Capabilities.DoorbellStride);
        return head + sizeof(uint) <= Registers.Length ? new QueueDoorbells(Registers, tail, head) : throw failures.Nonsense(
            "find doorbells", $"doorbells of queue {queue}, 0x{Capabilities.DoorbellStride:x} bytes apart, lie beyond the 0x{Registers.Length:x} bytes of BAR 0");
    }

    /// <summary>Turns the controller on.</summary>
    /// <exception cref="PciException">It fails, does not become ready in time, or is gone.</exception>
    public async ValueTask EnableAsync(QueuePair admin, CancellationToken stop)
    {
        uint attributes = (uint)(admin.Geometry.SubmissionEntries - 1) | ((uint)(admin.Geometry.CompletionEntries - 1) << 16);
        Registers.Write32(ControllerRegister.AdminQueueAttributes, attributes);
        Write64(ControllerRegister.AdminSubmissionQueue, admin.Submission.Value);
        Write64(ControllerRegister.AdminCompletionQueue, admin.Completion.Value);
        Registers.Write32(ControllerRegister.Configuration, ControllerConfiguration.Of(PageSize).Value);
        await WaitAsync("enable", ControllerStatus.Ready, ControllerStatus.Ready, endOnFatal: true, stop).ConfigureAwait(false);
    }

    /// <summary>Turns the controller off: it forgets its queues and touches no memory any more.</summary>
    /// <exception cref="PciException">It does not stop in time, or is gone.</exception>
    public async ValueTask DisableAsync(CancellationToken stop = default)
    {
        var configuration = new ControllerConfiguration(Registers.Read32(ControllerRegister.Configuration));
        if (configuration.IsEnabled && configuration.Value != Absent)
        {
            Registers.Write32(ControllerRegister.Configuration, configuration.With(ShutdownNotice.None).Disabled.Value);
        }

        await WaitAsync("disable", ControllerStatus.Ready, ControllerStatus.None, endOnFatal: false, stop).ConfigureAwait(false);
    }

    /// <summary>
    /// Whatever the controller does, it reaches no memory once this ends: it is turned off, and where it does not say that it stopped, or is not to be
    /// believed, kept from the bus.
    /// </summary>
    /// <param name="isTrusted">Whether it is enough that it says so.</param>
    /// <returns>Whether it stopped by itself.</returns>
    public async ValueTask<bool> StopAsync(bool isTrusted)
    {
        bool stopped = false;
        if (!function.IsLost)
        {
            if (!isTrusted)
            {
                AllowMemory(false);
            }

            try
            {
                await DisableAsync().ConfigureAwait(false);
                stopped = true;
            }
            catch (PciException)
            {
                AllowMemory(false);
            }
        }

        return stopped;
    }

    /// <summary>Lets the function do DMA and send interrupts, or keeps it from both.</summary>
    public void AllowMemory(bool value) => function.Configuration.SetCommand(PciCommand.BusMaster, value);

    /// <summary>Says that power may go, and waits until the controller has written down what it must not forget.</summary>
    /// <exception cref="PciException">It takes too long, or is gone.</exception>
    public async ValueTask ShutDownAsync(CancellationToken stop = default)
    {
        var configuration = new ControllerConfiguration(Registers.Read32(ControllerRegister.Configuration));
        Registers.Write32(ControllerRegister.Configuration, configuration.With(ShutdownNotice.Normal).Value);
        await WaitAsync("shut down", ControllerStatus.ShutdownMask, ControllerStatus.ShutdownComplete, endOnFatal: true, stop).ConfigureAwait(false);
    }

    private async ValueTask WaitAsync(string operation, ControllerStatus mask, ControllerStatus wanted, bool endOnFatal, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            ControllerStatus status = Status;
            if ((uint)status == Absent)
            {
                throw failures.Lost(operation);
            }

            if ((status & mask) == wanted)
            {
                return;
            }

            if (endOnFatal && (status & ControllerStatus.Fatal) != 0)
            {
                throw new NvmeException(operation, $"{function.Name} failed (CSTS.CFS) when it was asked to {operation}: reset it.", null, function.Address);
            }

            if (Stopwatch.GetElapsedTime(start) > patience)
            {
                throw new NvmeException(
                    operation,
                    $"{function.Name} did not {operation} within {patience.TotalSeconds:0.###} s (CSTS 0x{(uint)status:x}): reset the function, or see ReadyTimeout.",
                    null,
                    function.Address);
            }

            await Task.Delay(1, stop).ConfigureAwait(false);
        }
    }

    // As two halves: not every controller takes 64 bits at once.
    private ControllerCapabilities ReadCapabilities()
    {
        if (Registers.Length < ControllerRegister.Doorbells + (2 * sizeof(uint)))
        {
            throw failures.Nonsense("read CAP", $"BAR 0 has 0x{Registers.Length:x} bytes, too few for doorbells");
        }

        uint low = Registers.Read32(ControllerRegister.Capabilities);
        uint high = Registers.Read32(ControllerRegister.Capabilities + sizeof(uint));
        if (low == Absent && high == Absent)
        {
            throw failures.Lost("read CAP");
        }

        var capabilities = new ControllerCapabilities(low | ((ulong)high << 32));
        if (capabilities.MaxQueueEntries < 2)
        {
            throw failures.Nonsense("read CAP", "its queues would have 1 entry (CAP.MQES is 0)");
        }

        if (!capabilities.HasNvmCommandSet)
        {
            throw failures.Nonsense("read CAP", "it does not have the NVM command set (CAP.CSS)");
        }

        if (capabilities.MinPageSize > MaxPageSize || capabilities.MaxPageSize < capabilities.MinPageSize)
        {
            throw failures.Nonsense("read CAP", $"its memory pages have 0x{capabilities.MinPageSize:x} to 0x{capabilities.MaxPageSize:x} bytes (CAP.MPSMIN, MPSMAX)");
        }

        return capabilities;
    }

    private void Write64(ulong offset, ulong value)
    {
        Registers.Write32(offset, (uint)value);
        Registers.Write32(offset + sizeof(uint), (uint)(value >> 32));
    }
}
