using System.Globalization;

namespace VfioSharp.Devices.Tests;

/// <summary>Sees to it that the machine has huge pages of 2 MiB to give, where this process may say so, and puts things back afterwards.</summary>
internal sealed class HugePagePool : IDisposable
{
    private const string Folder = "/sys/kernel/mm/hugepages/hugepages-2048kB";

    private readonly long? former;

    private HugePagePool(long? former) => this.former = former;

    /// <summary>Fills it up to that many free pages; whoever needs them finds out whether that was to be had.</summary>
    public static HugePagePool Fill(int pages)
    {
        try
        {
            long all = Read("nr_hugepages");
            long free = Read("free_hugepages") - Read("resv_hugepages");
            if (free < pages)
            {
                Write(all + (pages - free));
                return new HugePagePool(all);
            }
        }
        catch (Exception exception) when (exception is IOException or UnauthorizedAccessException)
        {
            // As it is, then.
        }

        return new HugePagePool(null);
    }

    public void Dispose()
    {
        if (former is { } pages)
        {
            Write(pages);
        }
    }

    private static long Read(string name) => long.Parse(File.ReadAllText(Path.Combine(Folder, name)), CultureInfo.InvariantCulture);

    private static void Write(long pages) => File.WriteAllText(Path.Combine(Folder, "nr_hugepages"), pages.ToString(CultureInfo.InvariantCulture));
}
