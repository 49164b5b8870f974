using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices;

/// <summary>Joins a driver to an emulated function in one process.</summary>
/// <remarks>
/// The driver cannot tell it from a physical function under vfio-pci: what is memory of a BAR is mapped, vectors are eventfds, DMA goes through the
/// driver's own memory, and what vfio-pci keeps to itself is kept here too.
/// </remarks>
public static class Loopback
{
    /// <summary>Gives a function to a driver, in the state it is in.</summary>
    /// <param name="model">The function.</param>
    /// <param name="options">What the driver sees beside it.</param>
    /// <returns>The function as its driver holds it; disposing it leaves the model ready for the next.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="DeviceBusyException">The function has a driver or server already.</exception>
    public static PciFunction Attach(EmulatedFunction model, LoopbackOptions? options = null)
    {
        options ??= new LoopbackOptions();
        return Join(model, port => new LoopbackFunction(port, Shape(port, options)));
    }

    /// <summary>Becomes a function's client, and gives it to a driver.</summary>
    /// <param name="model">The function.</param>
    /// <param name="open">Makes what the driver holds of the port.</param>
    /// <exception cref="PciException">The function has a client already, or the host that it sits on refuses.</exception>
    internal static PciFunction Join(EmulatedFunction model, Func<FunctionPort, LoopbackFunction> open)
    {
        FunctionPort port = FunctionPort.Attach(model);
        try
        {
            LoopbackFunction function = open(port);
            port.Client = function;

            // Which vfio-pci leaves to be turned on by whoever opened the function.
            function.Configuration.SetCommand(PciCommand.BusMaster, true);
            return function;
        }
        catch
        {
            // Done at once, for the function has been shown no memory.
            port.DisposeAsync().AsTask().GetAwaiter().GetResult();
            throw;
        }
    }

    private static FunctionShape Shape(FunctionPort port, LoopbackOptions options)
    {
        FunctionLayout layout = port.Layout;
        var regions = ImmutableArray.CreateBuilder<RegionShape>(RegionIndex.Count);
        for (int index = 0; index < RegionIndex.Bars; index++)
        {
            regions.Add(layout.Bar(index) is { } bar ? new RegionShape(bar.Length, true, true, port.Core.Bars.StoreOf(index)?.Mappable ?? []) : RegionShape.Absent);
        }

        regions.Add(RegionShape.Absent);
        regions.Add(new RegionShape((ulong)port.Core.ConfigurationLength, true, true, []));
        return new FunctionShape
        {
            Name = options.Name,
            Address = options.Address,
            Regions = regions.ToImmutable(),
            Interrupts =
            [
                new InterruptShape(port.VectorCount(InterruptKind.Intx), false),
                new InterruptShape(port.VectorCount(InterruptKind.Msi), false),
                new InterruptShape(port.VectorCount(InterruptKind.Msix), true),
            ],
            Dma = new DmaLimits(options.DmaRanges, (ulong)Environment.SystemPageSize, int.MaxValue),
            Isolation = options.Isolation,
            TableRule = options.TableRule,
            CanReset = true,
            Events = options.Events ?? EventLoop.Shared,
        };
    }
}
