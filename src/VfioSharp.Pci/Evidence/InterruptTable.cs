using System.Collections.Immutable;
using System.Globalization;
using System.Text;

namespace VfioSharp.Pci.Evidence;

/// <summary>
/// Which chip delivers which interrupt: <c>/proc/interrupts</c>, and <c>/sys/kernel/irq/N/chip_name</c> for interrupts that nobody has
/// requested. Kept are the interrupts of PCI functions and those of the host's IO-APICs; the rest bears on nothing here.
/// </summary>
public sealed class InterruptTable
{
    private const string Path = "proc/interrupts";
    private const int IsaInterrupts = 16;

    private readonly SortedDictionary<int, string> chips;
    private readonly ImmutableArray<string> ioApicChips; // found once: every function without vectors asks

    private InterruptTable(SortedDictionary<int, string> chips)
    {
        this.chips = chips;
        ioApicChips = [.. chips.Values.Where(IsIoApic).Distinct().Order(StringComparer.Ordinal)];
    }

    /// <summary>The interrupts that were kept, by number.</summary>
    public IEnumerable<InterruptLine> Lines => chips.Select(pair => new InterruptLine(pair.Key, pair.Value));

    /// <summary>The name of the chip that delivers interrupt <paramref name="number"/>, or null where that is not known.</summary>
    public string? ChipOf(int number) => chips.GetValueOrDefault(number);

    /// <summary>The different names of the host's IO-APIC chips: <c>IO-APIC</c>, <c>IR-IO-APIC</c>, or none.</summary>
    public ImmutableArray<string> IoApicChips() => ioApicChips;

    /// <summary>Reads the interrupts of the given functions and of the IO-APICs.</summary>
    internal static InterruptTable Read(EvidenceSource source, IEnumerable<FunctionEvidence> functions)
    {
        var all = new Dictionary<int, string>();
        HostFile file = source.Read(Path);
        if (file.IsRead)
        {
            foreach (InterruptLine line in Parse(Encoding.UTF8.GetString(file.Content.Span)))
            {
                all[line.Number] = line.Chip;
            }
        }

        var chips = new SortedDictionary<int, string>();

        // Container managers put nothing's device over the file, and where a thousand processors serve thousands of vectors it outgrows what is
        // read of a file. The interrupts of the ISA bus are the IO-APIC's wherever there is one.
        for (int number = 0; all.Count == 0 && number < IsaInterrupts; number++)
        {
            if (ChipName(source, number) is { } chip && IsIoApic(chip))
            {
                chips[number] = chip;
            }
        }

        foreach ((int number, string chip) in all)
        {
            if (IsIoApic(chip))
            {
                chips[number] = chip;
            }
        }

        foreach (FunctionEvidence function in functions)
        {
            bool known = false;
            foreach (int number in function.MsiIrqs)
            {
                if (all.TryGetValue(number, out string? chip))
                {
                    chips[number] = chip;
                    known = true;
                }
            }

            // All vectors of a function come from one domain: one name of the function's own is enough.
            foreach (int number in known ? [] : function.MsiIrqs)
            {
                if (ChipName(source, number) is { } chip)
                {
                    chips[number] = chip;
                    break;
                }
            }
        }

        return new InterruptTable(chips);
    }

    /// <summary>
    /// Reads the numbered lines of <c>/proc/interrupts</c>. Between chip and action stands the hardware number with the trigger
    /// (<c>0-edge</c>, or <c>0 Edge</c> on arm64, powerpc and riscv), or nothing at all (s390x); chip names may hold spaces.
    /// </summary>
    internal static IEnumerable<InterruptLine> Parse(string text)
    {
        int processors = -1;
        foreach (string line in text.Split('\n'))
        {
            if (processors < 0)
            {
                processors = line.Split(' ', StringSplitOptions.RemoveEmptyEntries).Count(word => word.StartsWith("CPU", StringComparison.Ordinal));
                continue;
            }

            int colon = line.IndexOf(':', StringComparison.Ordinal);
            if (colon > 0 && int.TryParse(line.AsSpan(0, colon).Trim(), NumberStyles.None, CultureInfo.InvariantCulture, out int number)
                && ChipIn(AfterCounts(line.AsSpan(colon + 1), processors)) is { Length: > 0 } chip)
            {
                yield return new InterruptLine(number, chip);
            }
        }
    }

    internal void WriteTo(MemoryTree tree)
    {
        var text = new StringBuilder("           CPU0\n");
        foreach ((int number, string chip) in chips)
        {
            text.Append(CultureInfo.InvariantCulture, $"{number,4}:          0  {chip}  0-edge\n");
        }

        tree.AddFile(Path, text.ToString());
    }

    private static string? ChipName(EvidenceSource source, int number) =>
        source.ReadText(string.Create(CultureInfo.InvariantCulture, $"sys/kernel/irq/{number}/chip_name")) is { Length: > 0 } chip ? chip : null;

    private static bool IsIoApic(string chip) => chip is "IO-APIC" or "IR-IO-APIC";

    private static ReadOnlySpan<char> AfterCounts(ReadOnlySpan<char> rest, int processors)
    {
        rest = rest.Trim();
        for (int i = 0; i < processors && rest.Length > 0 && char.IsAsciiDigit(rest[0]); i++)
        {
            int digits = rest.IndexOfAnyExceptInRange('0', '9');
            rest = digits < 0 ? default : rest[digits..].TrimStart();
        }

        return rest;
    }

    private static string ChipIn(ReadOnlySpan<char> rest)
    {
        int position = 0;
        while (position < rest.Length)
        {
            int length = rest[position..].IndexOf(' ');
            ReadOnlySpan<char> word = length < 0 ? rest[position..] : rest.Slice(position, length);
            ReadOnlySpan<char> after = length < 0 ? default : rest[(position + length)..].TrimStart();
            if (position > 0 && IsHardwareNumber(word, after))
            {
                return rest[..position].TrimEnd().ToString();
            }

            if (length < 0)
            {
                break;
            }

            position = rest.Length - after.Length;
        }

        int gap = rest.IndexOf("  ", StringComparison.Ordinal);
        return (gap < 0 ? rest : rest[..gap]).TrimEnd().ToString();
    }

    private static bool IsHardwareNumber(ReadOnlySpan<char> word, ReadOnlySpan<char> after)
    {
        int digits = word.IndexOfAnyExceptInRange('0', '9');
        return digits switch
        {
            < 0 => after.StartsWith("Edge", StringComparison.Ordinal) || after.StartsWith("Level", StringComparison.Ordinal),
            0 => false,
            _ => word[digits] == '-',
        };
    }
}
