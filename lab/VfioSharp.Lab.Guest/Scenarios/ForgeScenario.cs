using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Lab.Guest.Devices;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>
/// <c>forge FORGER VICTIM [EDU]</c>: lets one function signal another one's interrupt, by the table of an igb and by the DMA of an edu, and tells what came
/// of it.
/// </summary>
/// <remarks>
/// The victim is an NVMe controller under the kernel's driver. Observes <c>audit</c>, made before anything is bound, <c>attach</c>, and one <c>forgery</c>
/// for each message. It judges nothing: what must come of a message is for the host to say, which knows the machine.
/// </remarks>
internal sealed class ForgeScenario : IScenario
{
    private const int Times = 5;
    private const int Entry = 0;

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        PciAddress forger = PciAddress.Parse(arguments[0]);
        HostAudit host = HostAudit.Of(LinuxHost.Read());
        FunctionAudit audit = host.Functions.Single(function => function.Address == forger);
        FunctionAudit target = host.Functions.Single(function => function.Address == PciAddress.Parse(arguments[1]));
        report.Observe("audit", ("verdict", audit.Isolation.Verdict), ("kernelAccepts", audit.Isolation.KernelAccepts), ("table", audit.Table?.Access));

        ForgeVictim[] victims = [new(target, 0), new(target, 1)];
        if (!await AttachAsync(report, forger, stop))
        {
            return;
        }

        await using (PciFunction function = await Vfio.OpenAsync(forger, new VfioOptions { TableRule = MsixTableRule.AcceptRisk }, stop))
        {
            await ForgeByTableAsync(report, function, victims, stop);
        }

        if (arguments.Count > 2)
        {
            await ForgeByDmaAsync(report, PciAddress.Parse(arguments[2]), victims[0], stop);
        }
    }

    // What a driver meets that accepts no risk: the attach, and the library's decision about the table.
    private static async Task<bool> AttachAsync(GuestReport report, PciAddress forger, CancellationToken stop)
    {
        Binder.Bind(forger);
        try
        {
            await using PciFunction function = await Vfio.OpenAsync(forger, stop: stop);
            using Bar bar = function.MapBar(function.Msix!.TableBar);
            report.Observe("attach", ("attached", true), ("isolation", function.Isolation), ("table", bar.MsixTable.Access));
            return true;
        }
        catch (MsiIsolationException refusal)
        {
            report.Observe("attach", ("attached", false), ("error", refusal.ErrorNumber), ("message", refusal.Message));
            return false;
        }
    }

    private static async Task ForgeByTableAsync(GuestReport report, PciFunction function, ForgeVictim[] victims, CancellationToken stop)
    {
        using Bar table = function.MapBar(function.Msix!.TableBar);
        using MsixVectors vectors = await function.EnableMsixAsync(1, stop);
        using var igb = new Igb(function);
        igb.EnableCauses(1);
        ulong entry = function.Msix.Table!.Value.Offset + (Entry * ForgedMessage.EntryLength);
        ForgedMessage own = ForgedMessage.Read(offset => table.Registers.Read32(entry + offset));

        // The function's own message before and after: what does not arrive in between was stopped, not lost.
        (string Name, ForgedMessage Message, ForgeVictim Victim)[] messages =
        [
            ("own", own, victims[0]),
            .. victims.Select(victim => (victim.Interrupt, victim.Message, victim)),
            ("own again", own, victims[0]),
            ("not in the interrupt window", new ForgedMessage(0, 0), victims[0]),
            ("compatibility format", victims[0].Compatibility, victims[0]),
            ("own at last", own, victims[0]),
        ];
        foreach ((string name, ForgedMessage message, ForgeVictim victim) in messages)
        {
            message.Write((offset, value) => table.Registers.WriteTable32(entry + offset, value));
            await ObserveAsync(report, $"table: {name}", message, victim, () => igb.Fire(Entry), vectors[Entry].TryTake, stop);
        }
    }

    private static async Task ForgeByDmaAsync(GuestReport report, PciAddress address, ForgeVictim victim, CancellationToken stop)
    {
        Binder.Bind(address);
        await using PciFunction function = await Vfio.OpenAsync(address, stop: stop);
        using Bar bar = function.MapBar(0);
        using var writes = new ForgeWrites(function, bar.Registers);
        await writes.LoadAsync(victim.Message.Data, stop);
        await ObserveAsync(report, $"DMA: {victim.Interrupt}", victim.Message, victim, () => writes.Write(victim.Message.Address), static () => false, stop);
    }

    private static async Task ObserveAsync(
        GuestReport report, string name, ForgedMessage message, ForgeVictim victim, Action signal, Func<bool> takeOwn, CancellationToken stop)
    {
        var log = ForgeLog.Mark();
        takeOwn();
        long before = victim.Count();
        int own = 0;
        for (int i = 0; i < Times; i++)
        {
            long last = victim.Count();
            signal();

            // Either is over in microseconds; that neither comes must be waited for.
            bool arrived = false;
            for (int wait = 0; wait < 50 && !arrived && victim.Count() == last; wait++)
            {
                await Task.Delay(5, stop);
                arrived = takeOwn();
            }

            own += arrived ? 1 : 0;
        }

        report.Observe(
            "forgery",
            ("message", name),
            ("address", Hex(message.Address)),
            ("data", Hex(message.Data)),
            ("victim", victim.Count() - before),
            ("own", own),
            ("log", log.Since()));
    }

    private static string Hex(ulong value) => string.Create(CultureInfo.InvariantCulture, $"0x{value:x}");
}
