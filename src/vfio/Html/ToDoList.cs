using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Html;

/// <summary>What to do about what was found: for each advice the functions that it would help, then what keeps the audit from knowing more.</summary>
internal sealed class ToDoList(HostAudit audit, ImmutableArray<AlikeFunctions> all)
{
    private const int MaxLinks = 6;
    private const int MaxUnreadable = 5;

    /// <summary>Writes the list, or that there is nothing to do.</summary>
    public void Write(HtmlWriter page)
    {
        page.Open("ul", "todo");
        int items = WriteAdvice(page) + WriteAccepted(page) + WriteUnread(page);
        if (items == 0)
        {
            page.Element("li", "Nothing: every function is isolated, and all that the audit asks for could be read.");
        }

        page.Close();
    }

    private static string Count(IEnumerable<AlikeFunctions> some)
    {
        int count = some.Sum(alike => alike.Functions.Length);
        return string.Create(CultureInfo.InvariantCulture, $"{count} function{(count == 1 ? "" : "s")}");
    }

    private static void WriteLinks(HtmlWriter page, AlikeFunctions[] some)
    {
        page.Text(" (");
        foreach (AlikeFunctions alike in some.Take(MaxLinks))
        {
            page.Text(alike == some[0] ? "" : ", ").Link(alike.Anchor, alike.Title);
        }

        page.Text(some.Length > MaxLinks ? ", …)" : ")");
    }

    private int WriteAdvice(HtmlWriter page)
    {
        int items = 0;
        foreach (IGrouping<string?, AlikeFunctions> same in all.Where(alike => alike.First.Isolation.Verdict != IsolationVerdict.Isolated).GroupBy(alike => alike.First.Isolation.Advice))
        {
            page.Open("li");
            page.Element("strong", same.Key is null ? "Nothing isolates" : "To isolate").Text($" {Count(same)}");
            WriteLinks(page, [.. same]);
            page.Text(same.Key is null ? ": what is said of them below tells why." : $": {same.Key}.").Close();
            items++;
        }

        return items;
    }

    private int WriteAccepted(HtmlWriter page)
    {
        AlikeFunctions[] accepted = [.. all.Where(alike => alike.First.Isolation is { Verdict: IsolationVerdict.NotIsolated, KernelAccepts: true })];
        if (accepted.Length == 0)
        {
            return 0;
        }

        page.Open("li").Element("strong", "Give away with care").Text($" {Count(accepted)}");
        WriteLinks(page, accepted);
        page.Text(": this kernel's VFIO lets them attach although their MSIs are not isolated.").Close();
        return 1;
    }

    private int WriteUnread(HtmlWriter page)
    {
        ImmutableArray<string> unreadable = audit.Host.Unreadable;
        if (audit.Host.Privileged && unreadable.IsEmpty)
        {
            return 0;
        }

        page.Open("li").Element("strong", audit.Host.Privileged ? "Not read" : "Run the audit as root").Text(audit.Host.Privileged ? ": " : ": it would add where tables lie, the firmware's tables and the kernel log. ");
        if (!unreadable.IsEmpty)
        {
            page.Text(audit.Host.Privileged ? "" : "Not read: ").Text(string.Join(", ", unreadable.Take(MaxUnreadable)))
                .Text(unreadable.Length > MaxUnreadable ? string.Create(CultureInfo.InvariantCulture, $" and {unreadable.Length - MaxUnreadable} more.") : ".");
        }

        page.Close();
        return 1;
    }
}
