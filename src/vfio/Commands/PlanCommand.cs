using System.Collections.Immutable;
using System.CommandLine;
using System.CommandLine.Parsing;
using System.Globalization;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio plan</c>: the decision for a function that need not exist.</summary>
internal static class PlanCommand
{
    public static Command Describe(TextWriter output)
    {
        Option<ulong?> bar = Required(Size("--bar", "SIZE", "The length of the BAR that holds the table"));
        Option<ulong?> table = Required(Size("--table", "OFFSET", "Where the table begins in it"));
        var vectors = new Option<int>("--vectors")
        {
            Description = "How many vectors the table has, 1 to 2048",
            HelpName = "N",
            Required = true,
            CustomParser = ParseVectors,
        };
        var pba = new Option<PbaPlace?>("--pba")
        {
            Description = "Where the pending-bit array begins: in the same BAR, or BAR:OFFSET where it lies in another",
            HelpName = "[BAR:]OFFSET",
            CustomParser = ParsePba,
        };
        Option<uint?> pageSize = Options.PageSize("The page size to plan for, 4K without it");
        Option<IsolationVerdict> verdict = Options.Verdict();
        Option<MsixTableRule> rule = Options.Rule();
        var backend = new Option<BackendOffer?>("--backend")
        {
            Description = "What the backend can map: whole (the default), none, or ranges",
            HelpName = "whole|none|OFF+LEN,…",
            CustomParser = ParseBackend,
        };
        Option<bool> json = Options.Json();
        var command = new Command("plan", """
            Say what would be mapped and trapped of a BAR, without hardware: the decision that audit, driver and server share.

            Sizes and offsets are decimal or 0x hexadecimal, with K, M or G behind them for multiples of 1024.
            Example: vfio plan --bar 64K --table 0x5200 --vectors 129 --pba 0xd600 --page-size 4K --verdict notIsolated
            """)
        { bar, table, vectors, pba, pageSize, verdict, rule, backend, json };
        command.SetAction(parsed =>
        {
            MsixTableDecision decision = Decide(
                parsed.GetValue(bar)!.Value, parsed.GetValue(table)!.Value, parsed.GetValue(vectors), parsed.GetValue(pba),
                parsed.GetValue(pageSize) ?? 4096, parsed.GetValue(verdict), parsed.GetValue(rule), parsed.GetValue(backend));
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => AuditJson.WriteDecision(writer, decision));
            }
            else
            {
                new PlanReport(Terminal.For(output)).Write(decision);
            }

            return (int)ExitStatus.Ok;
        });
        return command;
    }

    private static MsixTableDecision Decide(
        ulong barLength, ulong tableOffset, int vectors, PbaPlace? pba, uint pageSize, IsolationVerdict verdict, MsixTableRule rule, BackendOffer? backend)
    {
        if (barLength == 0)
        {
            // To the rules below, 0 is a length that nobody knows.
            throw new CliException(ExitStatus.Usage,
                $"this layout is impossible: a BAR of no bytes holds no table ({AuditJson.Camel(MsixLayoutRule.BarLength)})");
        }

        // The table's BAR has no number here. The PBA's, where it is another, has one that is not its; where no PBA is given it is out of the way.
        int tableBar = pba?.Bar == 0 ? 1 : 0;
        int pbaBar = pba is null ? BarResource.RomIndex - 1 : pba.Bar ?? tableBar;
        var layout = new MsixCapability(0, vectors, tableBar, tableOffset, pbaBar, pba?.Offset ?? 0);
        List<BarResource> bars = [BarResource.OfLength(tableBar, barLength)];
        if (pbaBar != tableBar)
        {
            bars.Add(BarResource.OfLength(pbaBar, 0));
        }

        ImmutableArray<MsixLayoutFault> faults = MsixLayoutRules.Validate(layout, BarSet.Of([.. bars]));
        if (!faults.IsEmpty)
        {
            throw new CliException(ExitStatus.Usage, "this layout is impossible: "
                + string.Join("; ", faults.Select(fault => $"{fault.Text} ({AuditJson.Camel(fault.Rule)})")));
        }

        var range = new ByteRange(0, barLength);
        return MsixTablePolicy.Decide(new MsixTableQuestion(
            range, new ByteRange(tableOffset, layout.TableLength), pbaBar == tableBar ? new ByteRange(layout.PbaOffset, layout.PbaLength) : null,
            backend?.Ranges ?? BackendRanges.Whole(range), pageSize, verdict, rule)
        {
            // Nothing is said of the other BARs. An even one is free unless the function has it; an odd one may be the upper half of its neighbour.
            RelocationBar = pbaBar == 2 ? 4 : 2,
        });
    }

    private static Option<ulong?> Size(string name, string form, string description) => new(name)
    {
        Description = description,
        HelpName = form,
        CustomParser = Options.Size,
    };

    private static Option<ulong?> Required(Option<ulong?> option)
    {
        option.Required = true;
        return option;
    }

    private static int ParseVectors(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (int.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out int vectors))
        {
            return vectors;
        }

        result.AddError($"--vectors {text}: not a number from 1 to {MsixCapability.MaxVectors}");
        return 0;
    }

    private static PbaPlace? ParsePba(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        int colon = text.IndexOf(':', StringComparison.Ordinal);
        int bar = 0;
        if ((colon < 0 || (int.TryParse(text.AsSpan(0, colon), NumberStyles.None, CultureInfo.InvariantCulture, out bar) && bar < BarResource.RomIndex))
            && SizeText.TryParse(text.AsSpan(colon + 1), out ulong offset))
        {
            return new PbaPlace(colon < 0 ? null : bar, offset);
        }

        result.AddError($"--pba {text}: not an offset, nor BAR:OFFSET with a BAR from 0 to 5");
        return null;
    }

    private static BackendOffer? ParseBackend(ArgumentResult result)
    {
        string text = result.Tokens[0].Value;
        if (text.Equals("whole", StringComparison.OrdinalIgnoreCase))
        {
            return new BackendOffer(null);
        }

        if (text.Equals("none", StringComparison.OrdinalIgnoreCase))
        {
            return new BackendOffer([]);
        }

        ImmutableArray<ByteRange>.Builder ranges = ImmutableArray.CreateBuilder<ByteRange>();
        foreach (string part in text.Split(','))
        {
            int plus = part.IndexOf('+', StringComparison.Ordinal);
            if (plus < 0 || !SizeText.TryParse(part.AsSpan(0, plus), out ulong offset) || !SizeText.TryParse(part.AsSpan(plus + 1), out ulong length)
                || length > ulong.MaxValue - offset)
            {
                result.AddError($"--backend {text}: '{part}' is not OFFSET+LENGTH; write whole, none, or OFFSET+LENGTH,…");
                return null;
            }

            ranges.Add(new ByteRange(offset, length));
        }

        return new BackendOffer(ranges.ToImmutable());
    }

    private sealed record PbaPlace(int? Bar, ulong Offset);

    // No ranges: the whole BAR, whatever its length turns out to be.
    private sealed record BackendOffer(ImmutableArray<ByteRange>? Ranges);
}
