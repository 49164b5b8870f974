using System.CommandLine;
using VfioSharp.Cli.Commands;
using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Nvme.Driver;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Nvme;

/// <summary>How the command line says which controller is meant: a function of this host on vfio-pci, or one that is served.</summary>
internal sealed class NvmeArguments
{
    private readonly Argument<PciAddress?> address = new("ADDRESS")
    {
        Description = "A controller of this host, bound to vfio-pci ('vfio bind ADDRESS')",
        Arity = ArgumentArity.ZeroOrOne,
        CustomParser = result => HostSource.ParseAddress(result.Tokens[0].Value, result.AddError),
    };

    private readonly Option<string?> socket = new("--socket") { Description = "Instead: where a controller is served over vfio-user", HelpName = "PATH" };
    private readonly Option<MsixTableRule> rule = Options.Rule();
    private readonly Option<bool> trust = new("--trust-peer-memory")
    {
        Description = "With --socket: map memory though the server could take it away, as SPDK's could",
    };

    /// <summary>Adds them to a command.</summary>
    public void AddTo(Command command)
    {
        command.Add(address);
        command.Add(socket);
        command.Add(rule);
        command.Add(trust);
        command.Validators.Add(result =>
        {
            bool isSocket = result.GetResult(socket) is not null;
            if (isSocket == result.GetResult(address) is { Tokens.Count: > 0 })
            {
                result.AddError(isSocket ? "ADDRESS and --socket exclude each other" : "which controller? ADDRESS is one of this host's, --socket PATH one that is served");
            }
            else if (result.GetValue(trust) && !isSocket)
            {
                result.AddError("--trust-peer-memory goes with --socket");
            }
        });
    }

    /// <summary>Opens the controller.</summary>
    /// <param name="parsed">Which.</param>
    /// <param name="options">How it is driven; it owns its function in any case.</param>
    /// <param name="stop">Gives up.</param>
    /// <exception cref="CliException">Nobody serves there.</exception>
    /// <exception cref="PciException">It cannot be opened, or is no NVMe controller.</exception>
    public async Task<NvmeSession> OpenAsync(ParseResult parsed, NvmeDriverOptions options, CancellationToken stop)
    {
        PciFunction function = await OpenFunctionAsync(parsed, stop).ConfigureAwait(false);
        try
        {
            return new NvmeSession(function, await NvmeDriver.OpenAsync(function, options with { OwnsFunction = true }, stop).ConfigureAwait(false));
        }
        catch (ArgumentException problem)
        {
            await function.DisposeAsync().ConfigureAwait(false);
            throw new CliException(ExitStatus.IoError, $"{function.Name}: {problem.Message}");
        }
    }

    private async Task<PciFunction> OpenFunctionAsync(ParseResult parsed, CancellationToken stop)
    {
        if (parsed.GetValue(socket) is not { } path)
        {
            return await Vfio.OpenAsync(parsed.GetValue(address)!.Value, new VfioOptions { TableRule = parsed.GetValue(rule) }, stop).ConfigureAwait(false);
        }

        if (path.Length == 0)
        {
            throw new CliException(ExitStatus.InputMissing, "--socket: its name is empty");
        }

        try
        {
            var options = new VfioUserClientOptions { TableRule = parsed.GetValue(rule), TrustPeerMemory = parsed.GetValue(trust) };
            return await VfioUserClient.ConnectAsync(path, options, stop).ConfigureAwait(false);
        }
        catch (PciException problem) when (problem.IsNobodyThere())
        {
            throw new CliException(ExitStatus.InputMissing, problem.Message);
        }
    }
}
