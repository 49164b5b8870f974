using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Lab.Guest.Devices;

/// <summary>As much of a USB host controller as completes No Op commands, each by an event and interrupter 0's vector (xHCI 1.2, 4.2, 4.6.2, 5).</summary>
internal sealed class XhciController : IDisposable
{
    public const string Id = "1b36:000d";

    /// <summary>Capability length and interface version, which never change.</summary>
    public const ulong Version = 0x00;

    private const ulong DoorbellOffset = 0x14;
    private const ulong RuntimeOffset = 0x18;

    // From the operational registers on.
    private const ulong Command = 0x00;
    private const ulong Status = 0x04;
    private const ulong CommandRing = 0x18;

    // From interrupter 0 on.
    private const ulong Management = 0x00;
    private const ulong SegmentTableSize = 0x08;
    private const ulong SegmentTable = 0x10;
    private const ulong Dequeue = 0x18;

    private const uint Run = 0x1;
    private const uint Reset = 0x2;
    private const uint InterrupterEnable = 0x4;
    private const uint NotReady = 0x800;
    private const uint Pending = 0x1;
    private const uint Enable = 0x2;
    private const uint HandlerBusy = 0x8;
    private const uint Cycle = 0x1;
    private const uint ToggleCycle = 0x2;
    private const uint LinkType = 6 << 10;
    private const uint NoOpType = 23 << 10;
    private const uint CompletionType = 33;
    private const uint Success = 1;

    private const int Entries = 256;
    private const int EntryLength = 16;

    private readonly Bar bar;
    private readonly DmaBuffer commands;
    private readonly DmaBuffer events;
    private readonly DmaBuffer segments;
    private readonly ulong operational;
    private readonly ulong interrupter;
    private readonly ulong doorbell;
    private int tail;
    private int head;
    private uint produced = Cycle;
    private uint consumed = Cycle;

    private XhciController(PciFunction function, Bar bar)
    {
        this.bar = bar;
        commands = function.Dma.Allocate(Entries * EntryLength);
        events = function.Dma.Allocate(Entries * EntryLength);
        segments = function.Dma.Allocate(EntryLength);
        operational = Registers.Read8(Version);
        interrupter = (Registers.Read32(RuntimeOffset) & ~0x1FU) + 0x20;
        doorbell = Registers.Read32(DoorbellOffset) & ~0x3U;
    }

    private Registers Registers => bar.Registers;

    /// <summary>Resets the controller and runs it with empty rings.</summary>
    public static async Task<XhciController> StartAsync(PciFunction function, CancellationToken stop)
    {
        var controller = new XhciController(function, function.MapBar(0));
        try
        {
            await controller.RunAsync(stop);
            return controller;
        }
        catch
        {
            controller.Dispose();
            throw;
        }
    }

    /// <summary>Gives the controller a command that does nothing but complete.</summary>
    public void SubmitNoOp()
    {
        if (tail == Entries - 1)
        {
            WriteCommand(commands.Iova, LinkType | ToggleCycle | produced);
            produced ^= Cycle;
            tail = 0;
        }

        WriteCommand(default, NoOpType | produced);
        tail++;
        DmaBarrier.BeforeDoorbell();
        Registers.Write32(doorbell, 0);
    }

    /// <summary>Takes the event of a command that has completed; others' are dropped. The interrupter may signal anew afterwards.</summary>
    public bool TryTakeCompletion()
    {
        bool completed = false;
        for (uint control; ((control = Volatile.Read(ref events.Ref<uint>((head * 4) + 3))) & Cycle) == consumed;)
        {
            DmaBarrier.AfterCompletion();
            uint code = events.Ref<uint>((head * 4) + 2) >> 24;
            completed |= ((control >> 10) & 0x3F) == CompletionType && code == Success;
            head = (head + 1) % Entries;
            if (head == 0)
            {
                consumed ^= Cycle;
            }
        }

        Registers.Write32(interrupter + Management, Pending | Enable);
        Write64(interrupter + Dequeue, events.Iova + (ulong)(head * EntryLength) + HandlerBusy);
        return completed;
    }

    public void Dispose()
    {
        Registers.Write32(operational + Command, 0);
        segments.Dispose();
        events.Dispose();
        commands.Dispose();
        bar.Dispose();
    }

    private async Task RunAsync(CancellationToken stop)
    {
        Registers.Write32(operational + Command, Reset);
        while ((Registers.Read32(operational + Command) & Reset) != 0 || (Registers.Read32(operational + Status) & NotReady) != 0)
        {
            await Task.Delay(1, stop);
        }

        segments.Ref<ulong>(0) = events.Iova.Value;
        segments.Ref<uint>(2) = Entries;
        DmaBarrier.BeforeDoorbell();
        Write64(operational + CommandRing, commands.Iova + Cycle);
        Registers.Write32(interrupter + SegmentTableSize, 1);
        Write64(interrupter + Dequeue, events.Iova);
        Write64(interrupter + SegmentTable, segments.Iova);
        Registers.Write32(interrupter + Management, Enable);
        Registers.Write32(operational + Command, Run | InterrupterEnable);
    }

    private void WriteCommand(Iova parameter, uint control)
    {
        commands.Ref<ulong>(tail * 2) = parameter.Value;
        commands.Ref<uint>((tail * 4) + 2) = 0;
        Volatile.Write(ref commands.Ref<uint>((tail * 4) + 3), control);
    }

    private void Write64(ulong register, Iova address)
    {
        Registers.Write32(register, address.Low);
        Registers.Write32(register + 4, address.High);
    }
}
