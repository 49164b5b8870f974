using System.Buffers.Binary;
using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary><c>kill FUNCTION Group|IommuFd REGISTER</c>: kills a driver that has no time to say good-bye, and becomes the next.</summary>
internal sealed class KillScenario : IScenario
{
    private const int Rounds = 50;
    private const int CommandOffset = 4;

    public async Task RunAsync(GuestReport report, IReadOnlyList<string> arguments, CancellationToken stop)
    {
        PciAddress address = PciAddress.Parse(arguments[0]);
        var backend = Enum.Parse<VfioBackend>(arguments[1]);
        ulong register = ulong.Parse(arguments[2], CultureInfo.InvariantCulture);
        Binder.Bind(address);

        using (Process driver = KillChildScenario.Start(arguments))
        {
            await KillChildScenario.WaitUntilLoadedAsync(driver, stop);
            report.Observe("before", ("busMaster", IsBusMaster(address)));
            driver.Kill();
            await driver.WaitForExitAsync(stop);
            report.Observe("after", ("exitCode", driver.ExitCode), ("busMaster", IsBusMaster(address)));
        }

        await using PciFunction function = await Vfio.OpenAsync(address, new VfioOptions { Backend = backend }, stop);
        using (Bar bar = function.MapBar(0))
        {
            report.Observe("register", ("value", bar.Registers.Read32(register)));
        }

        using UnplugLoad load = await UnplugLoad.StartAsync(function, stop);
        await load.WarmUpAsync(Rounds, stop);
        report.Pass("the function works again");
    }

    // As the host sees it, for nobody has the function open.
    private static bool IsBusMaster(PciAddress address)
    {
        using FileStream configuration = File.OpenRead($"/sys/bus/pci/devices/{address}/config");
        configuration.Position = CommandOffset;
        byte[] command = new byte[sizeof(ushort)];
        configuration.ReadExactly(command);
        return ((PciCommand)BinaryPrimitives.ReadUInt16LittleEndian(command) & PciCommand.BusMaster) != 0;
    }
}
