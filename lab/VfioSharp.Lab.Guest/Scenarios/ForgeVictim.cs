using System.Globalization;
using System.IO.MemoryMappedFiles;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>An interrupt of a function under its kernel's driver: its message, and how often it came.</summary>
internal sealed class ForgeVictim
{
    private const string Interrupts = "/proc/interrupts";

    /// <summary>The first interrupt of an NVMe controller, that of its administration queue.</summary>
    public ForgeVictim(FunctionAudit function)
    {
        MsixGeometry msix = function.Msix ?? throw new ArgumentException($"{function.Address} has no MSI-X", nameof(function));
        using var bar = MemoryMappedFile.CreateFromFile($"/sys/bus/pci/devices/{function.Address}/resource{msix.TableBar}", FileMode.Open);
        using MemoryMappedViewAccessor table = bar.CreateViewAccessor((long)msix.Table.Offset, ForgedMessage.EntryLength);
        Message = ForgedMessage.Read(offset => table.ReadUInt32((long)offset));
        Vector = ReadVector();
    }

    /// <summary>Its name in <c>/proc/interrupts</c>.</summary>
    public string Interrupt { get; } = "nvme0q0";

    /// <summary>What the host wrote into its entry of the table.</summary>
    public ForgedMessage Message { get; }

    /// <summary>The vector on the processor, which a message that is remapped does not tell.</summary>
    public uint Vector { get; }

    /// <summary>How often it came, on all processors.</summary>
    public long Count()
    {
        string[] line = Line(out int processors);
        return line.Skip(1).Take(processors).Sum(count => long.Parse(count, CultureInfo.InvariantCulture));
    }

    // kernel/irq/debugfs.c: the domains of an interrupt from the outermost in, the processor's vector last.
    private uint ReadVector()
    {
        string number = Line(out _)[0].TrimEnd(':');
        string? last = File.ReadLines($"/sys/kernel/debug/irq/irqs/{number}").LastOrDefault(line => line.TrimStart().StartsWith("Vector:", StringComparison.Ordinal));
        return last is null ? 0 : uint.Parse(Words(last)[1], CultureInfo.InvariantCulture);
    }

    private string[] Line(out int processors)
    {
        string[] lines = File.ReadAllLines(Interrupts);
        processors = Words(lines[0]).Length;
        return lines.Select(Words).Single(words => words[^1] == Interrupt);
    }

    private static string[] Words(string line) => line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
}
