using System.Globalization;
using BenchmarkDotNet.Running;
using VfioSharp.Benchmarks;

// "host N FOLDER" and "archive N FILE" write a made-up host for others to measure; all else is BenchmarkDotNet's.
switch (args)
{
    case ["host", var count, var folder]:
        HostFiles.WriteFolder(int.Parse(count, CultureInfo.InvariantCulture), folder);
        return 0;
    case ["archive", var count, var file]:
        HostFiles.WriteArchive(int.Parse(count, CultureInfo.InvariantCulture), file);
        return 0;
    default:
        BenchmarkSwitcher.FromAssembly(typeof(HostFiles).Assembly).Run(args);
        return 0;
}
