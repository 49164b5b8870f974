using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>A served function with a client that takes its interrupts.</summary>
internal sealed class InterruptRig : IAsyncDisposable
{
    public const uint Intx = 0;
    public const uint Msi = 1;
    public const uint Msix = 2;
    public const uint None = Payloads.DataNone;
    public const uint Bool = Payloads.DataBool;
    public const uint Eventfd = Payloads.DataEventFd;
    public const uint Mask = Payloads.Mask;
    public const uint Unmask = Payloads.Unmask;
    public const uint Trigger = Payloads.Trigger;

    private readonly ServerRig rig;

    public InterruptRig(FunctionLayout? layout = null)
    {
        rig = new ServerRig(layout);
        Client = rig.Greeted();
        Client.PowerOn();
    }

    public RawClient Client { get; private set; }

    public TestModel Model => rig.Model;

    public VfioUserServer Server => rig.Server;

    /// <summary>What the vectors signal.</summary>
    public EventFd[] EventFds { get; } = Events.Create(Layouts.Vectors);

    /// <summary>What is signalled when they are masked or unmasked.</summary>
    public EventFd[] Notices { get; } = Events.Create(Layouts.Vectors);

    /// <summary>How often each vector was signalled since the last time.</summary>
    public ulong[] Counts => [.. EventFds.Select(eventFd => eventFd.Take())];

    public ulong[] NoticeCounts => [.. Notices.Select(eventFd => eventFd.Take())];

    public void Set(uint kind, uint flags, uint start, uint count, byte[]? data = null, params EventFd[] eventFds) =>
        Client.Do(Commands.SetIrqs, Payloads.SetIrqs(kind, flags, start, count, data ?? []), [.. eventFds.Select(eventFd => eventFd.File)]);

    /// <summary>Gives all vectors their eventfds.</summary>
    public void Enable(uint kind) => Set(kind, Eventfd | Trigger, 0, Layouts.Vectors, null, EventFds);

    /// <summary>The client goes and another comes.</summary>
    public void Reconnect()
    {
        Client.Dispose();
        Client = rig.Greeted();
        Client.PowerOn();
    }

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        foreach (EventFd eventFd in (IEnumerable<EventFd>)[.. EventFds, .. Notices])
        {
            OpenFiles.CountOf(eventFd.File).ShouldBe(1, "nothing of a client's stays open");
            eventFd.Dispose();
        }
    }
}
