using System.CommandLine;
using VfioSharp.Cli.Commands;
using VfioSharp.Cli.Serving;
using VfioSharp.Devices.Emulation;
using VfioSharp.VirtualHost;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Units.RiscV;
using VfioSharp.VirtualHost.Vfio;
using Host = VfioSharp.VirtualHost.VirtualHost;

namespace VfioSharp.Cli.Hosting;

/// <summary>How the command line says which virtual host is meant.</summary>
internal sealed class VirtualHostArguments
{
    private readonly Option<HostBridgeKind?> bridge = new("--bridge")
    {
        Description = "The platform: Intel VT-d, AMD-Vi, Power's IODA3 and IODA2, Arm's GICv3 ITS and GICv2m, s390x, RISC-V's IMSIC, x86 without an IOMMU",
        HelpName = string.Join('|', Names),
        CustomParser = result =>
        {
            if (Enum.TryParse(result.Tokens[0].Value, ignoreCase: true, out HostBridgeKind kind) && Names.Contains(result.Tokens[0].Value, StringComparer.OrdinalIgnoreCase))
            {
                return kind;
            }

            result.AddError($"--bridge {result.Tokens[0].Value}: not one of {string.Join(", ", Names)}");
            return null;
        },
    };

    private readonly Option<bool> advertisedOnly = new("--advertised-only") { Description = "Interrupt remapping is there and not in use (intremap=off); for vtd and amdvi" };
    private readonly Option<bool> nosid = new("--nosid") { Description = "Remapping checks no sources (intremap=nosid); for vtd" };
    private readonly Option<bool> compatibility = new("--compatibility-format") { Description = "Messages that name no entry pass unremapped; for vtd" };
    private readonly Option<bool> noIommu = new("--no-iommu") { Description = "Without the SMMU; for its and v2m" };
    private readonly Option<ImsicFiles> files = Options.Choice<ImsicFiles>("--interrupt-files",
        "Whose interrupt files groups write to: the harts' (shared), a guest file each (own), a memory-resident file each (mrif); for imsic");

    private readonly Option<bool> unsafeInterrupts = new("--allow-unsafe-interrupts") { Description = "vfio-pci attaches groups that are not isolated" };
    private readonly Option<VfioDialect> dialect = Options.Choice<VfioDialect>("--dialect",
        "How vfio-pci says what can be mapped: before 4.6; 4.6 to 4.15; the patch series of 2017; 4.16 and later (msixMappable without it)");

    private readonly Option<int> processors = Options.Number("--processors", "How many processors it has", "1-254", 64);
    private readonly Option<string?> topology = new("--topology")
    {
        Description = "What is plugged in, as JSON (docs/virtual-host.md); a few functions of different kinds without it",
        HelpName = "FILE",
    };

    private static IEnumerable<string> Names => Enum.GetNames<HostBridgeKind>().Select(name => name.ToLowerInvariant());

    private Option[] All => [bridge, advertisedOnly, nosid, compatibility, noIommu, files, unsafeInterrupts, dialect, processors, topology];

    public VirtualHostArguments() => dialect.DefaultValueFactory = _ => VfioDialect.MsixMappable;

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>Whether an option is one of these.</summary>
    public bool Has(Option option) => Array.IndexOf(All, option) >= 0;

    /// <summary>Makes the host.</summary>
    /// <exception cref="CliException">There can be no such host; the message says why.</exception>
    public Host Create(ParseResult parsed)
    {
        if (parsed.GetValue(bridge) is not { } kind)
        {
            throw new CliException(ExitStatus.Usage, $"which host? --bridge is one of {string.Join(", ", Names)}");
        }

        var options = new VirtualHostOptions
        {
            Bridge = kind,
            AdvertisedOnly = parsed.GetValue(advertisedOnly),
            ChecksSources = !parsed.GetValue(nosid),
            AllowsCompatibilityFormat = parsed.GetValue(compatibility),
            HasIommu = !parsed.GetValue(noIommu),
            InterruptFiles = parsed.GetValue(files),
            AllowsUnsafeInterrupts = parsed.GetValue(unsafeInterrupts),
            Dialect = parsed.GetValue(dialect),
            Processors = parsed.GetValue(processors),
        };
        HostPlan plan = parsed.GetValue(topology) is { } path ? ReadPlan(path) : DefaultPlan.For(kind);
        try
        {
            return Host.Create(options, plan, MakeModel);
        }
        catch (ArgumentException problem)
        {
            // The message names the place, or the option; the parameter's name behind it says nothing here.
            string message = problem.ParamName is { } name ? problem.Message.Replace($" (Parameter '{name}')", "", StringComparison.Ordinal) : problem.Message;
            throw new CliException(ExitStatus.Usage, parsed.GetValue(topology) is { } file && problem.ParamName is null ? $"--topology {file}: {message}" : message);
        }
        catch (Devices.PciException problem)
        {
            throw new CliException(ExitStatus.Usage, problem.Message);
        }
    }

    private static HostPlan ReadPlan(string path)
    {
        if (path.Length == 0)
        {
            throw new CliException(ExitStatus.InputMissing, "--topology: its name is empty");
        }

        try
        {
            return HostPlan.Parse(File.ReadAllText(path));
        }
        catch (Exception problem) when (problem is FileNotFoundException or DirectoryNotFoundException)
        {
            throw new CliException(ExitStatus.InputMissing, $"--topology {path}: there is no such file");
        }
        catch (Exception problem) when (problem is IOException or UnauthorizedAccessException)
        {
            throw new CliException(ExitStatus.IoError, $"--topology {path}: {(Directory.Exists(path) ? "it is a folder" : problem.Message)}");
        }
        catch (FormatException problem)
        {
            throw new CliException(ExitStatus.Usage, $"--topology {path}: {problem.Message}");
        }
    }

    private static EmulatedFunction MakeModel(FunctionPlan plan) => ServableFunction.Find(plan.Model)?.Create()
        ?? throw new CliException(ExitStatus.Usage, $"--topology: {plan.Device:x2}.{plan.Function:x} is a '{plan.Model}', which there is no model of; there are: {ServableFunction.Names}");
}
