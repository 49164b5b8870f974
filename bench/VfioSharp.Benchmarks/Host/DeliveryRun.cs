using System.Diagnostics;
using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Platforms;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.Benchmarks.Host;

/// <summary>
/// What a message takes through each platform's isolation unit, with one function below the host bridge and with thousands: each sends its own in turn, so
/// that every look-up of the unit's tables is another.
/// </summary>
internal sealed class DeliveryRun
{
    private static readonly (string Name, VirtualHostOptions Options)[] Platforms =
    [
        ("none", Of(HostBridgeKind.None)),
        ("vtd", Of(HostBridgeKind.Vtd)),
        ("amdvi", Of(HostBridgeKind.AmdVi)),
        ("ioda", Of(HostBridgeKind.Ioda)),
        ("ioda2", Of(HostBridgeKind.Ioda2)),
        ("its", Of(HostBridgeKind.Its)),
        ("v2m", Of(HostBridgeKind.V2m)),
        ("s390", Of(HostBridgeKind.S390)),
        ("imsic, shared", Of(HostBridgeKind.Imsic)),
        ("imsic, own", Of(HostBridgeKind.Imsic) with { InterruptFiles = ImsicFiles.Own }),
    ];

    private readonly (IsolationUnit Unit, RequesterId Requester, ulong Address, uint Data)[] messages;

    private DeliveryRun(VirtualHostOptions options, int functions)
    {
        messages = new (IsolationUnit, RequesterId, ulong, uint)[functions];
        var platform = HostPlatform.Create(options, functions + 1);
        var memory = new HostMemory();
        MsiDomain? domain = null;

        // Host bridges of Power's tell only so many partitionable endpoints apart.
        int most = options.Bridge switch { HostBridgeKind.Ioda => 500, HostBridgeKind.Ioda2 => 250, _ => functions };
        for (int i = 0; i < functions; i++)
        {
            if (i % most == 0)
            {
                domain = platform.CreateDomain(memory, (uint)(i / most), 0);
            }

            var requester = new RequesterId((ushort)(i % most << 3));
            var source = new MessageSource(new PciAddress((uint)(i / most), requester), [], i % most);

            // A GICv2m frame has few interrupts, which functions share here: it looks nothing up by who writes.
            MessageBlock? block = domain!.Allocate(source, 1);
            if (block is null && options.Bridge != HostBridgeKind.V2m)
            {
                throw new InvalidOperationException($"{options.Bridge} has no message for function {i} of {functions}");
            }

            (ulong address, uint data) = block is null ? (messages[i % 64].Address, messages[i % 64].Data) : (block.Address, block.Data);
            messages[i] = (domain.Unit, requester, address, data);
        }
    }

    /// <summary>Prints a line for each platform and number of functions: nanoseconds a message, and bytes allocated for all of them.</summary>
    public static int Run(int count)
    {
        foreach ((string name, VirtualHostOptions options) in Platforms)
        {
            foreach (int functions in (int[])[1, 64, 4096])
            {
                var run = new DeliveryRun(options, functions);
                run.Send(count / 4);
                run.Send(count / 4);
                long before = GC.GetAllocatedBytesForCurrentThread();
                double time = run.Send(count);
                long allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{name}|{functions}|{time:f2}|{allocated}"));
            }
        }

        return 0;
    }

    private double Send(int count)
    {
        int delivered = 0;
        long start = Stopwatch.GetTimestamp();
        for (int i = 0, at = 0; i < count; i++, at = at + 1 == messages.Length ? 0 : at + 1)
        {
            ref (IsolationUnit Unit, RequesterId Requester, ulong Address, uint Data) each = ref messages[at];
            delivered += each.Unit.Receive(each.Requester, each.Address, each.Data).IsDelivered ? 1 : 0;
        }

        double time = Stopwatch.GetElapsedTime(start).TotalNanoseconds / count;
        return delivered == count ? time : throw new InvalidOperationException($"{count - delivered} of {count} messages were blocked");
    }

    private static VirtualHostOptions Of(HostBridgeKind kind) => new() { Bridge = kind, Processors = 128 };
}
