using System.Buffers;
using System.Collections.Immutable;
using System.Text;

namespace VfioSharp.Pci.Evidence;

/// <summary>
/// The lines of the kernel's log in which it says what it did about interrupts and IOMMUs at boot. Other lines are dropped as they are read.
/// The log is a ring: that a line is missing tells nothing.
/// </summary>
public sealed class KernelLog
{
    /// <summary>Where a snapshot keeps it; the live root serves the kernel's ring buffer under this name.</summary>
    internal const string Path = "var/log/dmesg";

    private const int MaxLines = 1000;

    // With CONFIG_PRINTK_CALLER a second bracket follows: [    1.797302] [    T1], or [   C12] for a processor.
    private static readonly SearchValues<char> StampCharacters = SearchValues.Create("0123456789. TC");

    // drivers/iommu/intel/irq_remapping.c and iommu.c, drivers/iommu/amd/init.c, drivers/irqchip/irq-gic-v3-its.c,
    // arch/powerpc/platforms/powernv/pci-ioda.c
    private static readonly string[] Marks =
    [
        "DMAR-IR: Enabled IRQ remapping", "DMAR-IR: Failed", "DMAR-IR: Not enabling", "DMAR-IR: This system BIOS", "DMAR: IOMMU disabled",
        "Compatibility-format IRQs enabled",
        "AMD-Vi: Interrupt remapping enabled", "AMD-Vi: Disabling interrupt remapping", "No southbridge IOAPIC", "ITS [mem", "Initializing IODA",
    ];

    private KernelLog(HostFileState state, ImmutableArray<string> lines)
    {
        State = state;
        Lines = lines;
    }

    /// <summary>Whether the log could be read. Unprivileged readers are often refused (<c>kernel.dmesg_restrict</c>).</summary>
    public HostFileState State { get; }

    /// <summary>The lines that were kept, without time stamps and callers.</summary>
    public ImmutableArray<string> Lines { get; }

    /// <summary>Reads a log as <c>dmesg</c> prints it.</summary>
    public static KernelLog Read(HostFile file)
    {
        if (!file.IsRead)
        {
            return new KernelLog(file.State, []);
        }

        ImmutableArray<string>.Builder kept = ImmutableArray.CreateBuilder<string>();
        foreach (string line in Encoding.UTF8.GetString(file.Content.Span).Split('\n'))
        {
            if (kept.Count < MaxLines && Marks.Any(mark => line.Contains(mark, StringComparison.Ordinal)))
            {
                kept.Add(WithoutStamps(line));
            }
        }

        return new KernelLog(HostFileState.Read, kept.ToImmutable());
    }

    /// <summary>The first line that holds <paramref name="text"/>, or null.</summary>
    public string? Find(string text)
    {
        foreach (string line in Lines)
        {
            if (line.Contains(text, StringComparison.Ordinal))
            {
                return line;
            }
        }

        return null;
    }

    internal void WriteTo(MemoryTree tree)
    {
        if (State == HostFileState.Read)
        {
            tree.AddFile(Path, string.Concat(Lines.Select(line => line + "\n")));
        }
    }

    private static string WithoutStamps(string line)
    {
        ReadOnlySpan<char> rest = line;
        while (rest.TrimStart() is ['[', ..] stamped && stamped.IndexOf(']') is > 1 and var end
            && stamped[1..end].IndexOfAnyExcept(StampCharacters) < 0)
        {
            rest = stamped[(end + 1)..];
        }

        return rest.Trim().ToString();
    }
}
