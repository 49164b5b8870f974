using System.CommandLine;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio show ADDRESS</c>: everything about one function.</summary>
internal static class ShowCommand
{
    public static Command Describe(TextWriter output)
    {
        Option<string?> root = HostSource.RootOption();
        Option<bool> json = Options.Json();
        Option<MsixTableRule> rule = Options.Rule();
        var address = new Argument<PciAddress>("ADDRESS")
        {
            Description = "The function, as [segment:]bus:device.function",
            CustomParser = result => HostSource.ParseAddress(result.Tokens[0].Value, result.AddError),
        };
        var command = new Command("show", """
            Everything about one function: what audit says, its BARs and capability lists, and the BAR that holds its MSI-X table page by page,
            as it would be mapped and trapped on 4K, 16K and 64K pages.

            Exit status: as audit's, for this function.
            """)
        { address, root, json, rule };
        command.SetAction(parsed =>
        {
            HostEvidence host = HostSource.Read(parsed.GetValue(root));
            IReadOnlyCollection<PciAddress> wanted = HostSource.Select(host, [parsed.GetValue(address)]);
            HostAudit audit = HostAudit.Of(host, wanted, rule: parsed.GetValue(rule));
            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => ShowJson.Write(writer, audit, AtPageSizes(host, wanted, parsed.GetValue(rule))));
            }
            else
            {
                new ShowReport(Terminal.For(output)).Write(audit, AtPageSizes(host, wanted, parsed.GetValue(rule)));
            }

            return (int)AuditCommand.StatusOf(audit.Functions);
        });
        return command;
    }

    private static List<MsixTableDecision> AtPageSizes(HostEvidence host, IReadOnlyCollection<PciAddress> wanted, MsixTableRule rule) =>
        [.. ((uint[])[0x1000, 0x4000, 0x10000]).Select(pageSize => HostAudit.Of(host, wanted, pageSize, rule).Functions[0].Table).OfType<MsixTableDecision>()];
}
