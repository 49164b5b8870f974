using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios.Serving;

/// <summary>What the host may say. Each reports a check of the step's name, failed where it threw, or observations of that name.</summary>
internal static class ServedStep
{
    public static Task RunAsync(string[] words, OpenFunctions functions, GuestReport report, CancellationToken stop) =>
        report.CheckAsync(string.Join(' ', words), () => words switch
        {
            ["look", var address] => Task.Run(() => FunctionLook.Report(PciAddress.Parse(address), report), stop),
            ["lspci", var address] => ListAsync(address, report, stop),
            ["open", var address, var backend] => OpenAsync(PciAddress.Parse(address), Enum.Parse<VfioBackend>(backend), functions, report, stop),
            ["close", var address] => functions.CloseAsync(PciAddress.Parse(address)),
            ["tally", var address, var rounds] => TallyTrial.RunAsync(functions[PciAddress.Parse(address)], (uint)Number(rounds), report, stop),
            ["registers", var address, var offset, var count] => Task.Run(() => Access(functions[PciAddress.Parse(address)], Number(offset), (int)Number(count), report), stop),
            ["reset", var address] => File.WriteAllTextAsync($"/sys/bus/pci/devices/{address}/reset", "1", stop),
            ["endpoint", var vectors] => Task.Run(() => EndpointTrial.Run((int)Number(vectors), report), stop),
            ["reboot"] => RebootAsync(stop),
            _ => throw new ArgumentException("there is no such step", nameof(words)),
        });

    private static async Task OpenAsync(PciAddress address, VfioBackend backend, OpenFunctions functions, GuestReport report, CancellationToken stop)
    {
        PciFunction function = await functions.OpenAsync(address, new VfioOptions { Backend = backend }, stop);
        report.Observe(
            "opened",
            ("address", address),
            ("verdict", function.Isolation),
            ("msix", function.MsixVectorCount),
            ("msi", function.MsiVectorCount),
            ("bars", function.Bars.Where(bar => bar.IsImplemented).Select(bar => $"{bar.Index} 0x{bar.Length:x}")));
    }

    // Reads and writes of one register, as often as asked for, and nothing else that reaches the function.
    private static void Access(PciFunction function, ulong offset, int count, GuestReport report)
    {
        using Bar bar = function.MapBar(0);
        Registers registers = bar.Registers;
        for (uint i = 1; i <= count; i++)
        {
            registers.Write32(offset, i);
            Expect.Equal(registers.Read32(offset), i, $"the register at 0x{offset:x}");
        }

        report.Observe("registers", ("table", bar.MsixTable.Access), ("reason", bar.MsixTable.Reason));
    }

    private static async Task ListAsync(string address, GuestReport report, CancellationToken stop)
    {
        using Process lister = Process.Start(
            new ProcessStartInfo("/lspci/loader", ["--library-path", "/lspci", "/lspci/lspci", "-vvn", "-s", address]) { RedirectStandardOutput = true })!;
        string text = await lister.StandardOutput.ReadToEndAsync(stop);
        await lister.WaitForExitAsync(stop);
        report.Observe("lspci", ("status", lister.ExitCode), ("lines", text.Split('\n')));
    }

    // The kernel goes down under this program; what follows is the next one's.
    private static async Task RebootAsync(CancellationToken stop)
    {
        Process.Start("/bin/reboot", "-f").Dispose();
        await Task.Delay(Timeout.Infinite, stop);
    }

    private static ulong Number(string text) => ulong.Parse(text, CultureInfo.InvariantCulture);
}
