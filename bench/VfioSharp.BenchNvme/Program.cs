using System.Globalization;
using VfioSharp.BenchNvme;
using VfioSharp.Devices;
using VfioSharp.Nvme.Controller;
using VfioSharp.VfioUser;

// "serve SOCKET --size BYTES|--file FILE [--trapped|--direct]" serves a controller until SIGTERM and prints, at SIGHUP, how many bytes it has allocated; "drive
// SOCKET PATTERN LENGTH DEPTH SECONDS" measures our driver at such a socket, "fill SOCKET" writes all of its namespace, "doorbell SOCKET ROUNDS" measures the
// write of a doorbell. Peers are trusted: SPDK's memory cannot be sealed.
const int BlockSize = 4096;
switch (args)
{
    case ["drive", var socket, "read" or "write" or "randread" or "randwrite", var length, var depth, var seconds]:
        await using (PciFunction function = await ConnectAsync(socket))
        {
            await DriveRun.RunAsync(function, args[2], Number(length), Number(depth), double.Parse(seconds, CultureInfo.InvariantCulture));
        }

        return 0;
    case ["fill", var socket]:
        await using (PciFunction function = await ConnectAsync(socket))
        {
            await DriveRun.FillAsync(function);
        }

        return 0;
    case ["doorbell", var socket, var rounds]:
        await using (PciFunction function = await ConnectAsync(socket))
        {
            DoorbellRun.Run(function, Number(rounds));
        }

        return 0;
    case ["serve", var socket, "--size", var length, .. var flags]:
        await ServeRun.RunAsync(socket, NvmeNamespace.InMemory(long.Parse(length, CultureInfo.InvariantCulture), BlockSize), flags is ["--trapped"]);
        return 0;
    case ["serve", var socket, "--file", var file, .. var flags]:
        await ServeRun.RunAsync(
            socket, NvmeNamespace.Open(file, new NvmeFileOptions { BlockSize = BlockSize, IsDirect = flags is ["--direct"] }), isTrapped: false);
        return 0;
    default:
        return 64;
}

static ValueTask<PciFunction> ConnectAsync(string socket) => VfioUserClient.ConnectAsync(socket, new VfioUserClientOptions { TrustPeerMemory = true });

static int Number(string text) => int.Parse(text, CultureInfo.InvariantCulture);
