using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Client;

namespace VfioSharp.VfioUser;

/// <summary>Drives functions that other processes serve over vfio-user.</summary>
public static class VfioUserClient
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(20);

    /// <summary>
    /// Connects to a function. It is in the state that its last client left it in; its registers and bus mastering are on. When the server ends, the function
    /// is lost, as one that was pulled out is: dispose it, and connect again if it is to come back.
    /// </summary>
    /// <param name="path">The server's socket.</param>
    /// <param name="options">How to drive it; null for the defaults.</param>
    /// <param name="stop">Gives up.</param>
    /// <returns>The function; dispose it when done.</returns>
    /// <exception cref="ArgumentException">An option is out of its range.</exception>
    /// <exception cref="DeviceBusyException">The server has no room for another who waits.</exception>
    /// <exception cref="VfioUserProtocolException">What is there does not speak vfio-user, or not as it should.</exception>
    /// <exception cref="PciException">Nobody serves there, or the server refuses; the message says what to do.</exception>
    public static async ValueTask<PciFunction> ConnectAsync(string path, VfioUserClientOptions? options = null, CancellationToken stop = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VfioUserClientOptions();
        options.Check();
        UnixSocket socket = await OpenAsync(path, options.WaitForServer, stop).ConfigureAwait(false);
        return await ConnectAsync(socket, path, options, stop).ConfigureAwait(false);
    }

    /// <summary>
    /// Asks what a function is, and leaves it as it is: nothing of it is written but what connecting itself brings about. It must be free, as for
    /// <see cref="ConnectAsync(string, VfioUserClientOptions?, CancellationToken)"/>.
    /// </summary>
    /// <returns>What its server says of it.</returns>
    /// <inheritdoc cref="ConnectAsync(string, VfioUserClientOptions?, CancellationToken)"/>
    public static async ValueTask<ServedFunction> DescribeAsync(string path, VfioUserClientOptions? options = null, CancellationToken stop = default)
    {
        ArgumentException.ThrowIfNullOrEmpty(path);
        options ??= new VfioUserClientOptions();
        options.Check();
        UnixSocket socket = await OpenAsync(path, options.WaitForServer, stop).ConfigureAwait(false);
        using ServerContact contact = await ServerContact.MakeAsync(socket, path, options, stop).ConfigureAwait(false);
        using CancellationTokenRegistration giveUp = contact.GiveUpAt(stop);
        if (await ServerContact.AskMigrationAsync(contact.Channel, options.Limits).ConfigureAwait(false) is { } states)
        {
            return new ServedFunction(path, contact.Served, states, options);
        }

        stop.ThrowIfCancellationRequested();
        throw new VfioUserProtocolException("connect", $"{path} cannot be driven: {contact.Channel.Reason}");
    }

    /// <summary>Takes over a socket that is connected already.</summary>
    internal static async ValueTask<PciFunction> ConnectAsync(UnixSocket socket, string name, VfioUserClientOptions options, CancellationToken stop)
    {
        ServerContact contact = await ServerContact.MakeAsync(socket, name, options, stop).ConfigureAwait(false);
        VfioUserFunction? function = null;
        try
        {
            using CancellationTokenRegistration giveUp = contact.GiveUpAt(stop);
            function = new VfioUserFunction(contact.Served.ToFunction(name, options, (uint)Environment.SystemPageSize), contact, options);
            function.Start();
            stop.ThrowIfCancellationRequested();
            return function;
        }
        catch (Exception exception)
        {
            if (function is not null)
            {
                await function.DisposeAsync().ConfigureAwait(false);
            }
            else
            {
                contact.Dispose();
            }

            if (exception is PciException)
            {
                stop.ThrowIfCancellationRequested();
            }

            throw;
        }
    }

    private static async ValueTask<UnixSocket> OpenAsync(string path, TimeSpan patience, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            stop.ThrowIfCancellationRequested();
            if (UnixSocket.Connect(path, out Errno error) is { } socket)
            {
                return socket;
            }

            bool mayPass = error is Errno.ENOENT or Errno.ECONNREFUSED or Errno.EAGAIN;
            if (!mayPass || Stopwatch.GetElapsedTime(start) >= patience)
            {
                throw Failed(path, error);
            }

            await Task.Delay(RetryTime, stop).ConfigureAwait(false);
        }
    }

    private static PciException Failed(string path, Errno error) => error switch
    {
        Errno.EAGAIN => new DeviceBusyException("connect", $"{path}: others wait there already, and the server takes no more: try again later", errorNumber: (int)error),
        Errno.ENOENT => new PciException("connect", $"{path} is not there: start the server first", errorNumber: (int)error),
        Errno.ECONNREFUSED => new PciException("connect", $"{path}: nobody serves there any more: start the server again", errorNumber: (int)error),
        Errno.EACCES => new PciException("connect", $"{path} may not be connected to: its permissions allow its owner alone as a rule", errorNumber: (int)error),
        Errno.ENAMETOOLONG => new PciException("connect", $"{path}: a socket's path has at most 107 bytes", errorNumber: (int)error),
        _ => new PciException("connect", $"{path} cannot be connected to ({error})", errorNumber: (int)error),
    };
}
