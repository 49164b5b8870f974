using System.CommandLine;
using Spectre.Console;
using VfioSharp.Cli.Output;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Cli.Commands;

/// <summary>What bind and unbind have in common: all functions are looked at before the first is touched.</summary>
internal sealed class BindingChange(TextWriter output, string? root, bool dryRun)
{
    private readonly IAnsiConsole console = Terminal.For(output);

    public static Argument<PciAddress[]> Addresses(string description) => new("ADDRESS")
    {
        Description = description,
        Arity = ArgumentArity.OneOrMore,
        CustomParser = result => [.. result.Tokens.Select(token => HostSource.ParseAddress(token.Value, result.AddError))],
    };

    public static Option<bool> DryRun() => new("--dry-run") { Description = "Print what would be written where, in order, and touch nothing" };

    public static Option<string?> Root()
    {
        Option<string?> root = HostSource.RootOption();
        root.Description += "; with --dry-run only";
        return root;
    }

    public ExitStatus Run(
        IReadOnlyList<PciAddress> addresses, Func<VfioBinding, PciAddress, BindingPlan> plan, Func<VfioBinding, PciAddress, BindOutcome> change, CancellationToken stop)
    {
        if (root is not null && !dryRun)
        {
            throw new CliException(ExitStatus.Usage, "--root: another host's files cannot be bound; add --dry-run to see what would be written");
        }

        IReadOnlyCollection<PciAddress> wanted = HostSource.Select(HostSource.Read(root), addresses.Distinct());
        var binding = new VfioBinding(root);
        BindingPlan[] plans = [.. wanted.Select(address => plan(binding, address))];
        stop.ThrowIfCancellationRequested();
        if (dryRun)
        {
            Array.ForEach(plans, each => BindingReport.Write(console, each));
        }

        RefuseIfAny([.. plans.SelectMany(each => each.Refusals)]);
        if (!dryRun)
        {
            // Said beforehand: a function that is unbound while open keeps its user waiting.
            BindingReport.WriteNotes(console, plans.SelectMany(each => each.Notes));
            Uninterrupted.Run(() => Change(wanted, address => change(binding, address), stop));
        }

        return ExitStatus.Ok;
    }

    private void Change(IEnumerable<PciAddress> addresses, Func<PciAddress, BindOutcome> change, CancellationToken stop)
    {
        foreach (PciAddress address in addresses)
        {
            stop.ThrowIfCancellationRequested();
            BindOutcome outcome = change(address);
            if (!outcome.Succeeded)
            {
                throw new CliException(outcome.Status == BindingStatus.Refused ? ExitStatus.Refused : ExitStatus.IoError, ConsoleLines.Harmless(outcome.Message));
            }

            console.Line("", outcome.Message);
        }
    }

    private static void RefuseIfAny(IReadOnlyCollection<BindingRefusal> refusals)
    {
        if (refusals.Count > 0)
        {
            string[] reasons = [.. refusals.Select(refusal => ConsoleLines.Harmless(refusal.Reason)).Distinct()];
            string end = refusals.All(refusal => refusal.CanBeForced) ? "nothing was touched; --force does it nevertheless" : "nothing was touched";
            throw new CliException(ExitStatus.Refused, string.Join("\nvfio: ", [.. reasons, end]));
        }
    }
}
