using System.Text;

namespace VfioSharp.Pci.Evidence;

/// <summary>
/// The kernel's boot parameters that bear on isolation. Others are dropped as they are read: command lines carry secrets
/// (iSCSI passwords, tokens for the init system), and a snapshot must not.
/// </summary>
public sealed class KernelCommandLine
{
    /// <summary>Where Linux shows it.</summary>
    internal const string Path = "proc/cmdline";

    private static readonly string[] Names =
        ["intel_iommu", "amd_iommu", "amd_iommu_intr", "iommu", "intremap", "nointremap", "pcie_acs_override", "irqchip.gicv3_nolpi"];

    private static readonly string[] Prefixes = ["vfio", "iommufd.", "iommu.", "arm_smmu"];

    private readonly List<KeyValuePair<string, string?>> parameters = [];

    private KernelCommandLine(bool isKnown) => IsKnown = isKnown;

    /// <summary>Whether the command line could be read. Where not, that a parameter is missing tells nothing.</summary>
    public bool IsKnown { get; }

    /// <summary>The parameters that were kept, in order. Dashes in names are written as underscores; a bare parameter has a null value.</summary>
    public IReadOnlyList<KeyValuePair<string, string?>> Parameters => parameters;

    /// <summary>
    /// Reads a command line as the kernel does (<c>kernel/params.c</c>): parameters apart by spaces, double quotes keep spaces, nothing
    /// after <c>--</c> (that is for init), dashes and underscores alike.
    /// </summary>
    public static KernelCommandLine Parse(string? text)
    {
        var line = new KernelCommandLine(text is not null);
        foreach (string token in Tokens(text ?? ""))
        {
            if (token == "--")
            {
                break;
            }

            int equals = token.IndexOf('=', StringComparison.Ordinal);
            string name = (equals < 0 ? token : token[..equals]).Replace('-', '_');
            if (Names.Contains(name) || Prefixes.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)))
            {
                line.parameters.Add(new(name, equals < 0 ? null : token[(equals + 1)..]));
            }
        }

        return line;
    }

    /// <summary>Every comma-separated word given to <paramref name="name"/>, over all its occurrences, in order.</summary>
    public IEnumerable<string> Words(string name) =>
        from parameter in parameters
        where parameter.Key == name && parameter.Value is not null
        from word in parameter.Value!.Split(',', StringSplitOptions.RemoveEmptyEntries)
        select word;

    /// <summary>Whether a Boolean parameter is on: given bare, or with y, Y, 1, or on. Null where it is not given; the last occurrence counts.</summary>
    public bool? Flag(string name)
    {
        bool? flag = null;
        foreach ((string key, string? value) in parameters)
        {
            if (key == name)
            {
                flag = ParseFlag(value);
            }
        }

        return flag;
    }

    /// <summary>
    /// Whether the kernel was told not to remap interrupts: <c>nointremap</c>, or <c>off</c> among the words of <c>intremap</c>; the last word
    /// counts (<c>setup_irqremap()</c>, drivers/iommu/irq_remapping.c).
    /// </summary>
    internal bool ForbidsInterruptRemapping
    {
        get
        {
            bool off = false;
            foreach ((string key, string? value) in parameters)
            {
                off |= key == "nointremap";
                foreach (string word in key == "intremap" ? value?.Split(',') ?? [] : [])
                {
                    off = word.StartsWith("off", StringComparison.Ordinal) || (off && !word.StartsWith("on", StringComparison.Ordinal));
                }
            }

            return off;
        }
    }

    /// <summary>The kept parameters as a command line.</summary>
    public override string ToString() =>
        string.Join(' ', parameters.Select(p => p.Value is null ? p.Key : p.Value.Contains(' ') ? $"{p.Key}=\"{p.Value}\"" : $"{p.Key}={p.Value}"));

    // As kstrtobool (lib/kstrtox.c).
    internal static bool? ParseFlag(string? value) => value switch
    {
        null => true,
        ['y' or 'Y' or 't' or 'T' or '1', ..] or ['o' or 'O', 'n' or 'N', ..] => true,
        ['n' or 'N' or 'f' or 'F' or '0', ..] or ['o' or 'O', 'f' or 'F', ..] => false,
        _ => null,
    };

    private static IEnumerable<string> Tokens(string text)
    {
        var token = new StringBuilder();
        bool quoted = false;
        foreach (char c in text)
        {
            if (c == '"')
            {
                quoted = !quoted;
            }
            else if (char.IsWhiteSpace(c) && !quoted)
            {
                if (token.Length > 0)
                {
                    yield return token.ToString();
                    token.Clear();
                }
            }
            else
            {
                token.Append(c);
            }
        }

        if (token.Length > 0)
        {
            yield return token.ToString();
        }
    }
}
