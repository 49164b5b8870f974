using System.Globalization;
using BenchmarkDotNet.Running;
using VfioSharp.Benchmarks;
using VfioSharp.Benchmarks.Drive;
using VfioSharp.Benchmarks.Host;

// "host N FOLDER" and "archive N FILE" write a made-up host for others to measure; "latency", "access" and "dma" are single runs of bench/drive,
// "deliver" is one of bench/host; all else is BenchmarkDotNet's.
switch (args)
{
    case ["host", var count, var folder]:
        HostFiles.WriteFolder(int.Parse(count, CultureInfo.InvariantCulture), folder);
        return 0;
    case ["archive", var count, var file]:
        HostFiles.WriteArchive(int.Parse(count, CultureInfo.InvariantCulture), file);
        return 0;
    case ["latency", "blocking" or "spinning", "inline" or "pooled", var rounds]:
        return LatencyRun.Run(args[1] == "spinning", args[2] == "inline", int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["access", var rounds]:
        return await AccessRun.RunAsync(int.Parse(rounds, CultureInfo.InvariantCulture));
    case ["dma", var count]:
        return await DmaRun.RunAsync(int.Parse(count, CultureInfo.InvariantCulture));
    case ["deliver", var count]:
        return DeliveryRun.Run(int.Parse(count, CultureInfo.InvariantCulture));
    default:
        BenchmarkSwitcher.FromAssembly(typeof(HostFiles).Assembly).Run(args);
        return 0;
}
