using System.Text;

namespace VfioSharp.Pci.Evidence;

/// <summary>
/// What the kernel's VFIO will let pass though it is not isolated: <c>vfio_iommu_type1</c> and <c>iommufd</c> each ask on their own and
/// have an override each, which does nothing for the other.
/// </summary>
public sealed record VfioModules
{
    private const string Parameter = "allow_unsafe_interrupts";
    private const string SnapshotFile = "etc/modprobe.d/vfio.conf";

    private static readonly string[] ConfigurationFolders = ["etc/modprobe.d", "run/modprobe.d", "usr/local/lib/modprobe.d", "usr/lib/modprobe.d", "lib/modprobe.d"];

    /// <summary>Whether type1 lets groups attach that are not isolated; null where the module is neither loaded nor configured.</summary>
    public bool? Type1AllowsUnsafe { get; init; }

    /// <summary>Whether iommufd lets groups attach that are not isolated; null where it is neither loaded nor configured.</summary>
    public bool? IommufdAllowsUnsafe { get; init; }

    /// <summary>Whether <c>vfio_iommu_type1</c> is in the running kernel.</summary>
    public bool HasType1 { get; init; }

    /// <summary>Whether <c>iommufd</c> is in the running kernel.</summary>
    public bool HasIommufd { get; init; }

    /// <summary>Whether either override is on.</summary>
    public bool AllowsUnsafe => Type1AllowsUnsafe == true || IommufdAllowsUnsafe == true;

    internal static VfioModules Read(EvidenceSource source, KernelCommandLine commandLine)
    {
        // A loaded module's parameter is the truth; for one still to be loaded, its configuration foretells it.
        bool? type1 = ReadParameter(source, "vfio_iommu_type1");
        bool? iommufd = ReadParameter(source, "iommufd");
        bool configured = type1 is not null && iommufd is not null;
        string options = configured ? "" : ReadConfiguration(source);
        return new VfioModules
        {
            HasType1 = type1 is not null || source.List("sys/module/vfio_iommu_type1").Count > 0,
            HasIommufd = iommufd is not null || source.List("sys/module/iommufd").Count > 0,
            Type1AllowsUnsafe = type1 ?? commandLine.Flag($"vfio_iommu_type1.{Parameter}") ?? FromOptions(options, "vfio_iommu_type1"),
            IommufdAllowsUnsafe = iommufd ?? commandLine.Flag($"iommufd.{Parameter}") ?? FromOptions(options, "iommufd"),
        };
    }

    internal void WriteTo(MemoryTree tree)
    {
        var options = new StringBuilder();
        Write(tree, options, "vfio_iommu_type1", HasType1, Type1AllowsUnsafe);
        Write(tree, options, "iommufd", HasIommufd, IommufdAllowsUnsafe);
        if (options.Length > 0)
        {
            tree.AddFile(SnapshotFile, options.ToString());
        }
    }

    private static void Write(MemoryTree tree, StringBuilder options, string module, bool loaded, bool? allows)
    {
        if (loaded)
        {
            tree.AddFolder($"sys/module/{module}/parameters");
        }

        if (allows is not { } value)
        {
            return;
        }

        string letter = value ? "Y" : "N";
        if (loaded)
        {
            tree.AddFile($"sys/module/{module}/parameters/{Parameter}", letter + "\n");
        }
        else
        {
            options.Append("options ").Append(module).Append(' ').Append(Parameter).Append('=').Append(letter).Append('\n');
        }
    }

    private static bool? ReadParameter(EvidenceSource source, string module) =>
        KernelCommandLine.ParseFlag(source.ReadText($"sys/module/{module}/parameters/{Parameter}") ?? "?");

    // modprobe.d(5): files *.conf, `options MODULE NAME=VALUE…`. A file of the same name in an earlier folder hides later ones.
    private static string ReadConfiguration(EvidenceSource source)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var text = new StringBuilder();
        foreach (string folder in ConfigurationFolders)
        {
            foreach (string name in source.List(folder))
            {
                if (name.EndsWith(".conf", StringComparison.Ordinal) && seen.Add(name))
                {
                    text.Append(source.ReadText($"{folder}/{name}")).Append('\n');
                }
            }
        }

        return text.ToString();
    }

    private static bool? FromOptions(string text, string module)
    {
        bool? allows = null;
        foreach (string line in text.Split('\n', StringSplitOptions.TrimEntries))
        {
            string[] words = line.Split([' ', '\t'], StringSplitOptions.RemoveEmptyEntries);
            if (words.Length < 3 || words[0] != "options" || words[1].Replace('-', '_') != module)
            {
                continue;
            }

            foreach (string word in words.AsSpan(2))
            {
                if (word == Parameter)
                {
                    allows = true;
                }
                else if (word.StartsWith(Parameter + "=", StringComparison.Ordinal))
                {
                    allows = KernelCommandLine.ParseFlag(word[(Parameter.Length + 1)..]);
                }
            }
        }

        return allows;
    }
}
