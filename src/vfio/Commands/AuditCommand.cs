using System.CommandLine;
using VfioSharp.Cli.Html;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Commands;

/// <summary><c>vfio audit</c>: is every function isolated, where is its table, what may be mapped.</summary>
internal static class AuditCommand
{
    public static Command Describe(TextWriter output)
    {
        Option<string?> root = HostSource.RootOption();
        Option<bool> json = Options.Json();
        var html = new Option<string?>("--html") { Description = "Write the audit to a file, as a page to look at; an existing file is replaced", HelpName = "FILE" };
        html.Validators.Add(result => Options.RequireFileName(result, "a page"));
        Option<uint?> pageSize = Options.PageSize("Decide for this page size instead of the host's own");
        Option<MsixTableRule> rule = Options.Rule();
        var addresses = new Argument<PciAddress[]>("ADDRESS")
        {
            Description = "The functions to audit, as [segment:]bus:device.function; all of them without it",
            Arity = ArgumentArity.ZeroOrMore,
            CustomParser = result => [.. result.Tokens.Select(token => HostSource.ParseAddress(token.Value, result.AddError))],
        };
        var command = new Command("audit", """
            Say, for every PCI function of a host, whether its MSIs are isolated, where its MSI-X table lies, and what may be mapped.

            Exit status: 0 all isolated or nothing to judge, 1 something is not isolated, 2 something is unknown.
            Examples: vfio audit; vfio audit 0000:01:00.0 --json; vfio audit --root host.tar.gz --html host.html
            """)
        { addresses, root, json, html, pageSize, rule };
        command.SetAction((parsed, stop) =>
        {
            HostEvidence host = HostSource.Read(parsed.GetValue(root));
            stop.ThrowIfCancellationRequested();
            HostAudit audit = HostAudit.Of(host, HostSource.Select(host, parsed.GetValue(addresses) ?? []), parsed.GetValue(pageSize), parsed.GetValue(rule));
            stop.ThrowIfCancellationRequested();
            if (parsed.GetValue(html) is { } file)
            {
                WholeFile.Write(file, new HtmlReport(audit).Write, stop);
            }

            if (parsed.GetValue(json))
            {
                JsonOutput.Write(output, writer => AuditJson.Write(writer, audit));
            }
            else if (parsed.GetValue(html) is { } page)
            {
                output.WriteLine($"{page}: {AuditReport.Count(audit)}; look at it in a browser");
            }
            else
            {
                new AuditReport(Terminal.For(output)).Write(audit);
            }

            return Task.FromResult((int)StatusOf(audit.Functions));
        });
        return command;
    }

    public static ExitStatus StatusOf(IEnumerable<FunctionAudit> functions)
    {
        ExitStatus status = ExitStatus.Ok;
        foreach (FunctionAudit function in functions)
        {
            switch (function.Isolation.Verdict)
            {
                case IsolationVerdict.NotIsolated:
                    return ExitStatus.NotIsolated;
                case IsolationVerdict.Unknown:
                    status = ExitStatus.Unknown;
                    break;
            }
        }

        return status;
    }
}
