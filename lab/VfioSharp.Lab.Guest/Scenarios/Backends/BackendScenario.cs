using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using static VfioSharp.Lab.Guest.Scenarios.Backends.BackendCase;

namespace VfioSharp.Lab.Guest.Scenarios.Backends;

/// <summary>The corners of VFIO that a driver seldom sees: <c>backend CASE [BACKEND]</c>, on a machine made for the case.</summary>
internal sealed class BackendScenario : IScenario
{
    public Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        VfioBackend backend = Enum.Parse<VfioBackend>(arguments.ElementAtOrDefault(1) ?? nameof(VfioBackend.Auto));
        return (arguments is [var name, ..] ? name : null) switch
        {
            "shared" => ShareAsync(report, backend, stop),
            "busy" => HoldAsync(report, backend, stop),
            "hold" => RefuseAsync(report, "held elsewhere", PciAddress.Parse(arguments[2]), new VfioOptions { Backend = backend }),
            "hot-reset" => HotResetAsync(report, backend, stop),
            "token" => TokenAsync(report, backend, stop),
            "no-iommu" => UntranslatedAsync(report, stop),
            "limits" => LimitAsync(report, backend, stop),
            "open" => OpenAsync(report, backend, stop),
            _ => throw new ArgumentException("there is no such case", nameof(arguments)),
        };
    }

    // Two functions of one device, hence of one group.
    private static async Task ShareAsync(GuestReport report, VfioBackend backend, CancellationToken stop)
    {
        PciAddress[] addresses = Find(0x1234, 0x11e8);
        Expect(addresses.Length == 2 && Look(addresses[0]).IommuGroup == Look(addresses[1]).IommuGroup, "two functions are in one group");
        Bind(addresses);
        PciFunction first = await Vfio.OpenAsync(addresses[0], new VfioOptions { Backend = backend }, stop);
        await using PciFunction second = await Vfio.OpenAsync(addresses[1], stop: stop);
        await RefuseAsync(report, "the same function again", addresses[0], new VfioOptions { Backend = backend });

        using DmaBuffer mine = first.Dma.Allocate(4096, new DmaOptions { AddressMask = 0xfff_ffff });
        using DmaBuffer yours = second.Dma.Allocate(4096, new DmaOptions { AddressMask = 0xfff_ffff });
        report.Observe("addresses", ("first", mine.Iova.ToString()), ("second", yours.Iova.ToString()));
        Expect(mine.Iova != yours.Iova, "the functions' buffers have addresses of their own");
        for (int i = 0; i < mine.Span.Length; i++)
        {
            mine.Span[i] = (byte)(i * 5);
        }

        using (var device = new EduDevice(first))
        {
            Expect(device.IsThere, "the first is there");
            await device.InterruptAsync(20, stop);
            await device.CopyAsync(mine.Iova, yours.Iova, 4096, stop);
        }

        Expect(mine.Span.SequenceEqual(yours.Span), "the first reaches the second's memory: they share it");
        await first.DisposeAsync();
        yours.Span.Clear();
        using (var device = new EduDevice(second))
        {
            Expect(device.IsThere, "the second is there when the first has gone");
            await device.InterruptAsync(20, stop);
            using DmaBuffer more = second.Dma.Allocate(4096, new DmaOptions { AddressMask = 0xfff_ffff });
            more.Span.Fill(0x3c);
            await device.CopyAsync(more.Iova, yours.Iova, 4096, stop);
            Expect(more.Span.SequenceEqual(yours.Span), "the second copies when the first has gone");
        }

        await using PciFunction again = await Vfio.OpenAsync(addresses[0], stop: stop);
        report.Pass("the group was shared");
    }

    // Another process asks for what this one holds.
    private static async Task HoldAsync(GuestReport report, VfioBackend backend, CancellationToken stop)
    {
        PciAddress address = Find(0x1234, 0x11e8)[0];
        Bind(address);
        await using PciFunction held = await Vfio.OpenAsync(address, new VfioOptions { Backend = backend }, stop);
        var start = new ProcessStartInfo(Environment.ProcessPath!, ["backend", "hold", backend.ToString(), address.ToString()]) { RedirectStandardOutput = true };
        start.Environment.Remove("LAB_CHANNEL");
        using Process child = Process.Start(start)!;
        string output = await child.StandardOutput.ReadToEndAsync(stop);
        await child.WaitForExitAsync(stop);
        report.Observe("other process", ("output", output));
        Expect(output.Contains(nameof(DeviceBusyException), StringComparison.Ordinal), "the other process finds it busy");
        Expect(output.Contains($"process {Environment.ProcessId} (guest)", StringComparison.Ordinal), "the other process is told who holds it");
    }

    // A conventional function behind a bridge; it cannot be reset by itself.
    private static async Task HotResetAsync(GuestReport report, VfioBackend backend, CancellationToken stop)
    {
        const int Mask = 0xd0; // IMS: enabled causes
        PciAddress address = Find(0x8086, 0x100e)[0];
        Bind(address);
        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = backend }, stop);
        using Bar bar = function.MapBar(0);
        bar.Registers.Write32(Mask, 7);
        Expect(bar.Registers.Read32(Mask) == 7, "causes are enabled");
        IEnumerable<PciAddress> reset = await Vfio.HotResetAsync(function, stop);
        report.Observe("reset", ("functions", reset.Select(each => each.ToString())));
        Expect(reset.Contains(address), "the function was reset");
        Expect(bar.Registers.Read32(Mask) == 0, "registers are at their defaults, and the mapping holds");
        Expect(function.Configuration.ReadCommand().HasFlag(PciCommand.BusMaster | PciCommand.MemorySpace), "the function is still on");
    }

    // A virtual function whose physical one is this process's too.
    private static async Task TokenAsync(GuestReport report, VfioBackend backend, CancellationToken stop)
    {
        var secret = Guid.Parse("5f6e7d8c-1122-3344-5566-778899aabbcc");
        PciAddress physical = Find(0x8086, 0x10c9)[0];
        Bind(physical);
        await using PciFunction owner = await Vfio.OpenAsync(physical, new VfioOptions { Backend = backend, VfToken = secret }, stop);
        await File.WriteAllTextAsync($"/sys/bus/pci/devices/{physical}/sriov_numvfs", "1", stop);
        PciAddress address = LinuxHost.Read().Functions.Single(function => function.PhysicalFunction == physical).Address;
        Bind(address);
        var byGroup = new VfioOptions { Backend = VfioBackend.Group }; // iommufd of these kernels asks for no secret
        Expect((await RefuseAsync(report, "no secret", address, byGroup)).Message.Contains("VfToken", StringComparison.Ordinal), "a secret is asked for");
        await RefuseAsync(report, "wrong secret", address, byGroup with { VfToken = Guid.NewGuid() });
        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { VfToken = secret }, stop);
        Expect(function.Configuration.Read16(0) == 0x8086, "the virtual function has a vendor");
        report.Observe("virtual", ("address", address.ToString()), ("vectors", function.MsixVectorCount), ("verdict", function.Isolation),
            ("bars", function.Bars.Where(bar => bar.IsImplemented).Select(bar => $"{bar.Index}:0x{bar.Length:x}")));
        using Bar bar = function.MapBar(0);
        using MsixVectors vectors = await function.EnableMsixAsync(function.MsixVectorCount, stop);
        report.Pass("the virtual function was opened");
    }

    private static async Task UntranslatedAsync(GuestReport report, CancellationToken stop)
    {
        PciAddress address = Find(0x1234, 0x11e8)[0];
        await RefuseAsync(report, "no group", address, new VfioOptions());
        await RefuseAsync(report, "unbound", address, new VfioOptions { Backend = VfioBackend.NoIommu });
        string folder = $"/sys/bus/pci/devices/{address}";
        await File.WriteAllTextAsync($"{folder}/driver_override", "vfio-pci", stop);
        await File.WriteAllTextAsync("/sys/bus/pci/drivers_probe", address.ToString(), stop);
        await RefuseAsync(report, "not by name", address, new VfioOptions());
        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = VfioBackend.NoIommu }, stop);
        report.Observe("open", ("verdict", function.Isolation), ("ranges", function.Dma.Ranges.Length));
        using var device = new EduDevice(function);
        Expect(device.IsThere, "registers answer");
        await device.InterruptAsync(20, stop);
        try
        {
            using DmaBuffer buffer = function.Dma.Allocate(4096);
            throw new InvalidOperationException("memory was mapped where nothing translates");
        }
        catch (PciException refused)
        {
            report.Observe("memory", ("message", refused.Message));
        }
    }

    // On a machine that allows few mappings.
    private static async Task LimitAsync(GuestReport report, VfioBackend backend, CancellationToken stop)
    {
        PciAddress address = Find(0x1234, 0x11e8)[0];
        Bind(address);
        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = backend }, stop);
        var buffers = new List<DmaBuffer>();
        try
        {
            while (buffers.Count < 100)
            {
                buffers.Add(function.Dma.Allocate(4096));
            }

            throw new InvalidOperationException("there was no limit");
        }
        catch (PciException refused)
        {
            report.Observe("limit", ("count", buffers.Count), ("errno", refused.ErrorNumber), ("message", refused.Message));
        }

        buffers[0].Dispose();
        buffers[0] = function.Dma.Allocate(8192);
        buffers.ForEach(buffer => buffer.Dispose());
    }

    private static async Task OpenAsync(GuestReport report, VfioBackend backend, CancellationToken stop)
    {
        PciAddress address = Find(0x1234, 0x11e8)[0];
        await RefuseAsync(report, "unbound", address, new VfioOptions { Backend = backend });
        Bind(address);
        var clock = Stopwatch.StartNew();
        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = backend }, stop);
        report.Observe("open", ("verdict", function.Isolation), ("milliseconds", clock.ElapsedMilliseconds), ("ranges", function.Dma.Ranges.Select(range => range.ToString())));
        using var device = new EduDevice(function);
        await device.InterruptAsync(20, stop);
    }
}
