using System.Text;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>How long a neighbour's requests took before, during and after each case: for people, who judge it. Kept in <c>.build/test/hostile.txt</c> too.</summary>
/// <param name="title">What it is about.</param>
internal sealed class SoakReport(string title)
{
    private static readonly Lock Gate = new();
    private static readonly StringBuilder Written = new();

    private readonly StringBuilder text = new($"{title}; microseconds: median, 99 in 100, longest\n{"case",-62} | {"before",23} | {"during",23} | {"after",23}\n");

    /// <summary>Adds a case.</summary>
    public void Add(string name, Latencies before, Latencies during, Latencies after) => text.AppendLine($"{name,-62} | {before} | {during} | {after}");

    /// <summary>Adds a line of text.</summary>
    public void Add(string line) => text.AppendLine(line);

    /// <summary>Shows it, and writes it down.</summary>
    public void Show(ITestOutputHelper output)
    {
        output.WriteLine(text.ToString());
        lock (Gate)
        {
            Written.Append(text).AppendLine();
            string folder = Path.Combine(Checkout(), ".build", "test");
            Directory.CreateDirectory(folder);
            File.WriteAllText(Path.Combine(folder, "hostile.txt"), Written.ToString());
        }
    }

    private static string Checkout()
    {
        string? folder = AppContext.BaseDirectory;
        while (folder is not null && !File.Exists(Path.Combine(folder, "VfioSharp.slnx")))
        {
            folder = Path.GetDirectoryName(folder);
        }

        return folder ?? throw new DirectoryNotFoundException("the tests run outside of a checkout");
    }
}
