using System.Text;
using VfioSharp.Linux;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>What an IOMMU's driver says in the kernel's log from a moment on.</summary>
internal readonly struct ForgeLog
{
    private readonly int start;

    private ForgeLog(int start) => this.start = start;

    /// <summary>Begins now.</summary>
    public static ForgeLog Mark() => new(Read().Length);

    /// <summary>The lines since then.</summary>
    public IReadOnlyList<string> Since() => Read()[start..];

    private static string[] Read() =>
        [.. Encoding.UTF8.GetString(LinuxHost.OpenTree(null).Read("var/log/dmesg").Content.Span).Split('\n')
            .Where(line => line.Contains("DMAR", StringComparison.Ordinal) || line.Contains("AMD-Vi", StringComparison.Ordinal))];
}
