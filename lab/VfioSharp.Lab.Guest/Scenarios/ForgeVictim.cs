using System.Globalization;
using System.IO.MemoryMappedFiles;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>An interrupt of a function under its kernel's driver: its message, and how often it came.</summary>
internal sealed class ForgeVictim
{
    private const string Interrupts = "/proc/interrupts";

    /// <summary>An interrupt of an NVMe controller, that of a queue of its.</summary>
    public ForgeVictim(FunctionAudit function, int queue)
    {
        Interrupt = $"nvme0q{queue}";
        MsixGeometry msix = function.Msix ?? throw new ArgumentException($"{function.Address} has no MSI-X", nameof(function));
        using var bar = MemoryMappedFile.CreateFromFile($"/sys/bus/pci/devices/{function.Address}/resource{msix.TableBar}", FileMode.Open);
        long entry = (long)msix.Table!.Value.Offset + (queue * ForgedMessage.EntryLength);
        using MemoryMappedViewAccessor table = bar.CreateViewAccessor(entry, ForgedMessage.EntryLength);
        Message = ForgedMessage.Read(offset => table.ReadUInt32((long)offset));
        Compatibility = ForgedMessage.ToProcessor(ReadDebug("Target:"), ReadDebug("Vector:"));
    }

    /// <summary>Its name in <c>/proc/interrupts</c>.</summary>
    public string Interrupt { get; }

    /// <summary>What the host wrote into its entry of the table.</summary>
    public ForgedMessage Message { get; }

    /// <summary>The message that would reach the same processor and vector if nothing was remapped.</summary>
    public ForgedMessage Compatibility { get; }

    /// <summary>How often it came, on all processors.</summary>
    public long Count()
    {
        string[] line = Line(out int processors);
        return line.Skip(1).Take(processors).Sum(count => long.Parse(count, CultureInfo.InvariantCulture));
    }

    // kernel/irq/debugfs.c: the domains of an interrupt from the outermost in, the processor's vector last.
    private uint ReadDebug(string name)
    {
        string number = Line(out _)[0].TrimEnd(':');
        string last = File.ReadLines($"/sys/kernel/debug/irq/irqs/{number}").Last(line => line.TrimStart().StartsWith(name, StringComparison.Ordinal));
        return uint.Parse(Words(last)[1], CultureInfo.InvariantCulture);
    }

    private string[] Line(out int processors)
    {
        string[] lines = File.ReadAllLines(Interrupts);
        processors = Words(lines[0]).Length;
        return lines.Select(Words).Single(words => words[^1] == Interrupt);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
