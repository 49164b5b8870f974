using System.Globalization;
using System.Text;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>Writes which interrupts there are: <c>proc/interrupts</c>, <c>sys/kernel/irq</c>, and the functions' <c>msi_irqs</c>.</summary>
/// <param name="tree">Where to write.</param>
/// <param name="platform">How the platform names chips.</param>
/// <param name="options">How many processors there are.</param>
internal sealed class InterruptFiles(MemoryTree tree, PlatformEvidence platform, VirtualHostOptions options)
{
    private readonly StringBuilder lines = new();
    private int next = platform.FirstInterrupt;

    /// <summary>Adds the interrupts of a function: those that the kernel has given it, whoever drives it.</summary>
    /// <param name="function">The function.</param>
    /// <param name="folder">Its folder.</param>
    public void Add(EndpointFunction function, string folder)
    {
        InterruptKind kind = function.ReadConfiguration().Capabilities.Msix is { IsEnabled: true } ? InterruptKind.Msix : InterruptKind.Msi;
        string chip = platform.ChipOf(function, kind);
        int vector = 0;
        foreach (int number in Enumerable.Range(next, function.Blocks.Sum(block => block.Interrupts.Length)))
        {
            tree.AddFile(string.Create(CultureInfo.InvariantCulture, $"{folder}/msi_irqs/{number}"), kind == InterruptKind.Msix ? "msix\n" : "msi\n");
            AddLine(number, $"{chip}  {platform.Trigger(vector)}  {function.Address}-{vector++}");
            if (KernelAge.Of(options.Dialect).ShowsInterruptsInSysfs)
            {
                tree.AddFile(string.Create(CultureInfo.InvariantCulture, $"sys/kernel/irq/{number}/chip_name"), chip + "\n");
            }
        }

        next += vector;
    }

    /// <summary>Writes <c>proc/interrupts</c>.</summary>
    public void Write()
    {
        string functions = lines.ToString();
        lines.Clear().Append("    ");
        for (int processor = 0; processor < options.Processors; processor++)
        {
            lines.Append(CultureInfo.InvariantCulture, $"{$"CPU{processor}",11}");
        }

        lines.Append('\n');
        foreach ((int number, string chip, string action) in platform.OtherInterrupts)
        {
            AddLine(number, $"{chip}  {action}");
        }

        tree.AddFile("proc/interrupts", lines.Append(functions).ToString());
    }

    // How often each processor took it is no evidence of anything, and is not told.
    private void AddLine(int number, string rest)
    {
        lines.Append(CultureInfo.InvariantCulture, $"{number,4}:");
        for (int i = 0; i < options.Processors; i++)
        {
            lines.Append("          0");
        }

        lines.Append("  ").Append(rest).Append('\n');
    }
}
