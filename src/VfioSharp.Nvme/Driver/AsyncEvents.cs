using VfioSharp.Devices;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>Keeps asynchronous event requests at the controller and tells what comes of them (NVM Express Base 2.0, 5.2).</summary>
/// <param name="core">Whom it tells.</param>
/// <param name="admin">The admin queue.</param>
internal sealed class AsyncEvents(DriverCore core, AdminQueue admin)
{
    private const int MaxRequests = 4;

    // Health warnings (bits 0 to 4), namespace attributes (8), firmware activation (9): figure 326.
    private const uint Wanted = 0x1F | (1 << 8) | (1 << 9);

    // A controller that has nothing else to say must not keep this process busy.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(10);

    /// <summary>Starts; ends when the controller is stopped.</summary>
    /// <param name="limit">How many requests the controller takes.</param>
    public async ValueTask StartAsync(int limit)
    {
        // Not every controller has all of them, or the feature.
        await admin.SendAsync(new SubmissionEntry
        {
            Opcode = (byte)AdminOpcode.SetFeatures,
            Dword10 = (byte)FeatureId.AsyncEventConfiguration,
            Dword11 = Wanted,
        }).ConfigureAwait(false);
        for (int i = 0; i < Math.Min(limit, MaxRequests); i++)
        {
            _ = RunAsync();
        }
    }

    private async Task RunAsync()
    {
        while (true)
        {
            CompletionEntry end = await admin.SendAsync(new SubmissionEntry { Opcode = (byte)AdminOpcode.AsyncEventRequest }, isPatient: true).ConfigureAwait(false);
            if (end.Status != NvmeStatus.Success)
            {
                return;
            }

            try
            {
                await HandleAsync(end.Dword0).ConfigureAwait(false);
            }
            catch (Exception e) when (e is PciException or ObjectDisposedException)
            {
                // The log page could not be read: the next request says whether the controller is still there.
            }

            await Task.Delay(Pause).ConfigureAwait(false);
        }
    }

    private async ValueTask HandleAsync(uint value)
    {
        var type = (AsyncEventType)(value & 7);
        int information = (int)(value >> 8) & 0xFF;
        var log = (LogPage)((value >> 16) & 0xFF);
        core.Report(NvmeEventKind.AsyncEvent, $"asynchronous event: {type}, information 0x{information:x2}, log page {log}", value);

        // Reading the log page is what lets events of its kind come again.
        await core.UsePageAsync((queue, page) => queue.ReadLogAsync(log, SmartLog.Length, page), CancellationToken.None).ConfigureAwait(false);
        if (type == AsyncEventType.Notice && information == 0)
        {
            await core.RescanAsync(CancellationToken.None).ConfigureAwait(false);
            core.Report(NvmeEventKind.NamespacesChanged, "namespaces changed");
        }
    }
}
