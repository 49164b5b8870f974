using System.Globalization;
using VfioSharp.Devices.Interop;
using VfioSharp.Lab.Guest.Devices;

namespace VfioSharp.Lab.Guest.Scenarios.Serving;

/// <summary>All that the kernel's driver tests of an endpoint test function, in the order of its own tests (tools/pci/pcitest.sh of Linux 6.12).</summary>
internal static class EndpointTrial
{
    private const int Bars = 6;
    private const int Intx = 0;
    private const int Msi = 1;
    private const int Msix = 2;

    private static readonly ulong[] Sizes = [1, 1024, 1025, 1_024_000, 1_024_001];
    private static readonly (int Type, string Name)[] Interrupts = [(Intx, "INTx"), (Msi, "MSI"), (Msix, "MSI-X")];

    private delegate bool Attempt(out Errno error);

    /// <param name="vectors">How many of MSI, and of MSI-X, are to be tried.</param>
    /// <param name="report">Takes an observation <c>case</c> for each.</param>
    public static void Run(int vectors, GuestReport report)
    {
        using var tester = new EndpointTester();
        for (int bar = 0; bar < Bars; bar++)
        {
            int index = bar;
            Try(report, $"BAR {index}", (out error) => tester.Bar(index, out error));
        }

        Use(Intx);
        Try(report, "INTx", tester.Intx);
        Use(Msi);
        for (int vector = 1; vector <= vectors; vector++)
        {
            int number = vector;
            Try(report, Name("MSI", number), (out error) => tester.Msi(number, out error));
        }

        Use(Msix);
        for (int vector = 1; vector <= vectors; vector++)
        {
            int number = vector;
            Try(report, Name("MSI-X", number), (out error) => tester.Msix(number, out error));
        }

        foreach ((int type, string name) in Interrupts)
        {
            Use(type);
            foreach (ulong size in Sizes)
            {
                Try(report, Name($"read, {name},", size), (out error) => tester.Read(size, out error));
                Try(report, Name($"write, {name},", size), (out error) => tester.Write(size, out error));
                Try(report, Name($"copy, {name},", size), (out error) => tester.Copy(size, out error));
            }
        }

        Try(report, "give the vectors back", tester.Clear);

        void Use(int type)
        {
            Try(report, $"take {Interrupts[type].Name}", (out error) => tester.Use(type, out error));
            Try(report, $"have {Interrupts[type].Name}", (out error) =>
            {
                error = Errno.None;
                return tester.InterruptType == type;
            });
        }
    }

    private static string Name(string what, ulong number) => string.Create(CultureInfo.InvariantCulture, $"{what} {number}");

    private static string Name(string what, int number) => Name(what, (ulong)number);

    private static void Try(GuestReport report, string name, Attempt attempt)
    {
        bool succeeded = attempt(out Errno error);
        report.Observe("case", ("name", name), ("succeeded", succeeded), ("errno", (int)error));
    }
}
