using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary><c>kill-child FUNCTION Group|IommuFd REGISTER</c>: the driver that is killed. Uses the function in every way at once until then.</summary>
internal sealed class KillChildScenario : IScenario
{
    private const string Name = "kill-child";
    private const string Loaded = "loaded";
    private const int Rounds = 50;

    /// <summary>Starts it in a process of its own, which reports to this one.</summary>
    public static Process Start(IReadOnlyList<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!, [Name, .. arguments]) { RedirectStandardInput = true, RedirectStandardOutput = true };
        start.Environment.Remove(GuestProgram.ChannelVariable);
        return Process.Start(start)!;
    }

    /// <summary>Waits until everything is in use.</summary>
    public static async Task WaitUntilLoadedAsync(Process driver, CancellationToken stop)
    {
        string said = "";
        while (await driver.StandardOutput.ReadLineAsync(stop) is { } line)
        {
            if (line.Contains($"\"{Loaded}\"", StringComparison.Ordinal))
            {
                return;
            }

            said += line + "\n";
        }

        throw new InvalidOperationException($"the driver ended by itself: {said}");
    }

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        PciFunction function = await Vfio.OpenAsync(PciAddress.Parse(arguments[0]), new VfioOptions { Backend = Enum.Parse<VfioBackend>(arguments[1]) }, stop);
        using UnplugLoad load = await UnplugLoad.StartAsync(function, stop);
        await load.WarmUpAsync(Rounds, stop);
        if (load.Registers.Read32(ulong.Parse(arguments[2], CultureInfo.InvariantCulture)) == 0)
        {
            throw new InvalidOperationException("the register that is to show a reset is at its default already");
        }

        report.Signal(Loaded);
        await Task.Delay(Timeout.Infinite, stop);
    }
}
