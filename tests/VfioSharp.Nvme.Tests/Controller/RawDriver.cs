using System.Collections.Immutable;
using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Tests.Controller;

/// <summary>Drives a controller in this process with nothing between: registers, queues and lists are what a test writes there.</summary>
internal sealed class RawDriver : IAsyncDisposable
{
    public const int PageSize = 4096;

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private readonly List<DmaBuffer> buffers = [];

    private RawDriver(NvmeController controller)
    {
        Controller = controller;
        Function = Devices.Loopback.Attach(controller);
        Bar = Function.MapBar(0);
    }

    public NvmeController Controller { get; }

    public PciFunction Function { get; }

    public Bar Bar { get; }

    public MsixVectors? Vectors { get; private set; }

    /// <summary>The admin queue, once the controller was enabled.</summary>
    public RawQueue Admin { get; private set; } = null!;

    public ControllerStatus Status => (ControllerStatus)Bar.Registers.Read32(ControllerRegister.Status);

    /// <summary>A controller of one namespace in memory, or of those given, with a driver that has not touched it.</summary>
    public static RawDriver Attach(Func<NvmeControllerOptions, NvmeControllerOptions>? change = null, params NvmeNamespace[] namespaces)
    {
        ImmutableArray<NvmeNamespace> all = namespaces.Length > 0 ? [.. namespaces] : [NvmeNamespace.InMemory(16 << 20)];
        var options = new NvmeControllerOptions { Namespaces = all, IoQueues = 4 };
        return new RawDriver(new NvmeController(change?.Invoke(options) ?? options));
    }

    /// <summary>As <see cref="Attach"/>, enabled.</summary>
    public static RawDriver Start(Func<NvmeControllerOptions, NvmeControllerOptions>? change = null, params NvmeNamespace[] namespaces)
    {
        RawDriver driver = Attach(change, namespaces);
        driver.Enable();
        return driver;
    }

    /// <summary>Zeroed memory that the controller can reach.</summary>
    public DmaBuffer Allocate(int length, DmaAccess access = DmaAccess.ReadWrite)
    {
        DmaBuffer buffer = Function.Dma.Allocate(length, new DmaOptions { Access = access });
        buffers.Add(buffer);
        return buffer;
    }

    public void WriteDoorbell(int bell, uint value) => Bar.Registers.Write32(ControllerRegister.Doorbells + ((ulong)bell * 4), value);

    /// <summary>Sets an admin queue up and enables the controller.</summary>
    public void Enable(int entries = 32, long pageSize = PageSize)
    {
        DmaBuffer submission = Allocate(64 << 10);
        DmaBuffer completion = Allocate(64 << 10);
        Bar.Registers.Write32(ControllerRegister.AdminQueueAttributes, (uint)(entries - 1) | ((uint)(entries - 1) << 16));
        Bar.Registers.Write64(ControllerRegister.AdminSubmissionQueue, submission.Iova.Value);
        Bar.Registers.Write64(ControllerRegister.AdminCompletionQueue, completion.Iova.Value);
        Bar.Registers.Write32(ControllerRegister.Configuration, ControllerConfiguration.Of(pageSize).Value);
        WaitFor(ControllerStatus.Ready, ControllerStatus.Ready);
        Admin = new RawQueue(this, 0, submission, completion, entries);
    }

    public void Disable()
    {
        Bar.Registers.Write32(ControllerRegister.Configuration, ControllerConfiguration.Of(PageSize).Disabled.Value);
        WaitFor(ControllerStatus.Ready, ControllerStatus.None);
    }

    /// <summary>Waits until those bits of the status are so.</summary>
    public void WaitFor(ControllerStatus bits, ControllerStatus value)
    {
        long start = Stopwatch.GetTimestamp();
        while ((Status & bits) != value)
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException($"CSTS stays {Status}; {bits} should become {value}");
            }

            Thread.Sleep(1);
        }
    }

    /// <summary>Waits until something is so.</summary>
    public static void WaitUntil(Func<bool> isSo, string what)
    {
        long start = Stopwatch.GetTimestamp();
        while (!isSo())
        {
            if (Stopwatch.GetElapsedTime(start) > Patience)
            {
                throw new TimeoutException($"it never happened: {what}");
            }

            Thread.Sleep(1);
        }
    }

    public async Task EnableVectorsAsync(int count) => Vectors = await Function.EnableMsixAsync(count);

    /// <summary>Makes an I/O queue pair of the same identifiers.</summary>
    public RawQueue CreateQueue(int id, int entries = 64, int? vector = null)
    {
        DmaBuffer submission = Allocate(Math.Max(entries * SubmissionEntry.Length, PageSize));
        DmaBuffer completion = Allocate(Math.Max(entries * CompletionEntry.Length, PageSize));
        Admin.Execute(CreateCompletion(id, entries, completion.Iova.Value, vector)).Status.ShouldBe(NvmeStatus.Success);
        Admin.Execute(CreateSubmission(id, entries, submission.Iova.Value, id)).Status.ShouldBe(NvmeStatus.Success);
        return new RawQueue(this, id, submission, completion, entries);
    }

    public static SubmissionEntry CreateCompletion(int id, int entries, ulong address, int? vector = null) => new()
    {
        Opcode = (byte)AdminOpcode.CreateCompletionQueue,
        Prp1 = address,
        Dword10 = (uint)id | ((uint)(entries - 1) << 16),
        Dword11 = 1 | (vector is { } number ? 2 | ((uint)number << 16) : 0),
    };

    public static SubmissionEntry CreateSubmission(int id, int entries, ulong address, int completionId) => new()
    {
        Opcode = (byte)AdminOpcode.CreateSubmissionQueue,
        Prp1 = address,
        Dword10 = (uint)id | ((uint)(entries - 1) << 16),
        Dword11 = 1 | ((uint)completionId << 16),
    };

    public static SubmissionEntry Admin10(AdminOpcode opcode, uint dword10 = 0, uint dword11 = 0, ulong prp1 = 0, uint namespaceId = 0) => new()
    {
        Opcode = (byte)opcode,
        NamespaceId = namespaceId,
        Prp1 = prp1,
        Dword10 = dword10,
        Dword11 = dword11,
    };

    /// <summary>A command of an I/O queue.</summary>
    public static SubmissionEntry Io(IoOpcode opcode, ulong block, int blocks, ulong prp1, ulong prp2 = 0, uint namespaceId = 1, IoFlags flags = IoFlags.None) => new()
    {
        Opcode = (byte)opcode,
        NamespaceId = namespaceId,
        Prp1 = prp1,
        Prp2 = prp2,
        Dword10 = (uint)block,
        Dword11 = (uint)(block >> 32),
        Dword12 = (uint)(blocks - 1) | (uint)flags,
    };

    public async ValueTask DisposeAsync()
    {
        Vectors?.Dispose();
        buffers.ForEach(buffer => buffer.Dispose());
        Bar.Dispose();
        await Function.DisposeAsync();
        await Controller.DisposeAsync();
        foreach (NvmeNamespace each in Controller.Options.Namespaces)
        {
            each.Dispose();
        }
    }
}
