using System.CommandLine;
using System.CommandLine.Parsing;
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
/// <param name="name">The option that names its platform.</param>
internal sealed class VirtualHostArguments(string name = "--bridge")
{
    private readonly Option<HostBridgeKind?> bridge = new(name)
    {
        Description = "The platform: Intel VT-d, AMD-Vi, Power's IODA3 and IODA2, Arm's GICv3 ITS and GICv2m, s390x, RISC-V's IMSIC, x86 without an IOMMU",
        HelpName = string.Join('|', Names),
        CustomParser = result =>
        {
            if (Enum.TryParse(result.Tokens[0].Value, ignoreCase: true, out HostBridgeKind kind) && Names.Contains(result.Tokens[0].Value, StringComparer.OrdinalIgnoreCase))
            {
                return kind;
            }

            result.AddError($"{name} {result.Tokens[0].Value}: not one of {string.Join(", ", Names)}");
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
    private readonly Option<VfioDialect> dialect = Dialect();

    private readonly Option<int> processors = Options.Number("--processors", "How many processors it has", "1-254", 64);
    private readonly Option<string?> topology = new("--topology")
    {
        Description = "What is plugged in, as JSON (docs/virtual-host.md); a few functions of different kinds without it",
        HelpName = "FILE",
    };

    private static IEnumerable<string> Names => Enum.GetNames<HostBridgeKind>().Select(name => name.ToLowerInvariant());

    private Option[] All => [bridge, advertisedOnly, nosid, compatibility, noIommu, files, unsafeInterrupts, dialect, processors, topology];

    /// <summary>Adds the options to a command.</summary>
    public void AddTo(Command command)
    {
        foreach (Option option in All)
        {
            command.Add(option);
        }
    }

    /// <summary>Adds those that say what kind of host it is to a command that knows what is plugged in, and has them make sense only together.</summary>
    public void AddSwitchesTo(Command command)
    {
        foreach (Option option in All.Where(option => option != topology))
        {
            command.Add(option);
        }

        command.Validators.Add(result =>
        {
            if (result.GetResult(bridge) is null && Stray(result) is { } stray)
            {
                result.AddError($"{stray} goes with {name}");
            }
        });
    }

    /// <summary>One of these options that is there, by its name; null where none is.</summary>
    public string? Stray(CommandResult result) =>
        result.Children.OfType<OptionResult>().FirstOrDefault(option => Array.IndexOf(All, option.Option) >= 0 && !option.Implicit)?.Option.Name;

    /// <summary>Whether a host is asked for.</summary>
    public bool AreThere(ParseResult parsed) => parsed.GetValue(bridge) is not null;

    /// <summary>Makes the host, with what the command line or the default plugs in.</summary>
    /// <exception cref="CliException">There can be no such host; the message says why.</exception>
    public Host Create(ParseResult parsed) => Create(parsed, parsed.GetValue(topology) is { } path ? _ => ReadPlan(path) : DefaultPlan.For, MakeModel);

    /// <summary>Makes the host.</summary>
    /// <param name="parsed">What kind of host.</param>
    /// <param name="planFor">What is plugged in.</param>
    /// <param name="models">Makes the functions.</param>
    /// <exception cref="CliException">There can be no such host; the message says why.</exception>
    public Host Create(ParseResult parsed, Func<HostBridgeKind, HostPlan> planFor, Func<FunctionPlan, EmulatedFunction> models)
    {
        if (parsed.GetValue(bridge) is not { } kind)
        {
            throw new CliException(ExitStatus.Usage, $"which host? {name} is one of {string.Join(", ", Names)}");
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
        HostPlan plan = planFor(kind);
        try
        {
            return Host.Create(options, plan, models);
        }
        catch (ArgumentException problem)
        {
            // The message names the place, or the option; the parameter's name behind it says nothing here.
            string message = problem.ParamName is { } parameter ? problem.Message.Replace($" (Parameter '{parameter}')", "", StringComparison.Ordinal) : problem.Message;
            throw new CliException(ExitStatus.Usage, parsed.GetValue(topology) is { } file && problem.ParamName is null ? $"--topology {file}: {message}" : message);
        }
        catch (Devices.PciException problem)
        {
            throw new CliException(ExitStatus.Usage, problem.Message);
        }
    }

    private static Option<VfioDialect> Dialect()
    {
        Option<VfioDialect> option = Options.Choice<VfioDialect>("--dialect",
            "How vfio-pci says what can be mapped: before 4.6; 4.6 to 4.15; the patch series of 2017; 4.16 and later (msixMappable without it)");
        option.DefaultValueFactory = _ => VfioDialect.MsixMappable;
        return option;
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
