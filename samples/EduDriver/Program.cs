using EduDriver;
using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;

if (args is not [var text] || !PciAddress.TryParse(text, out PciAddress address))
{
    Console.Error.WriteLine("usage: EduDriver ADDRESS   (an edu device bound to vfio-pci: vfio bind ADDRESS)");
    return 64;
}

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, pressed) =>
{
    pressed.Cancel = true;
    stop.Cancel();
};

try
{
    PciFunction function = await Vfio.OpenAsync(address, stop: stop.Token);
    await Lesson.RunAsync(function, Console.Out, stop.Token);
    return 0;
}
catch (OperationCanceledException)
{
    return 130;
}
catch (Exception error) when (error is IOException or ArgumentException or InvalidDataException)
{
    Console.Error.WriteLine(error.Message);
    return 1;
}
