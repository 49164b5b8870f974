using System.Buffers.Binary;
using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Linux;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>One function reached by one backend. What is checked is named <c>backend/device/aspect</c>.</summary>
/// <param name="report">Where results go.</param>
/// <param name="backend">How the function is opened.</param>
/// <param name="device">What the host calls it.</param>
/// <param name="address">Where it is.</param>
/// <param name="rounds">How often what is done thousands of times is done.</param>
/// <param name="stop">Set when the host gives up.</param>
internal sealed class Cell(GuestReport report, VfioBackend backend, string device, PciAddress address, int rounds, CancellationToken stop)
{
    private const string LogPath = "var/log/dmesg";

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    private string progress = "";

    /// <summary>After this time nothing that was caused before is still on its way, though the emulator share its processors with others.</summary>
    public static TimeSpan Settle { get; } = TimeSpan.FromMilliseconds(250);

    public PciAddress Address => address;

    public int Rounds => rounds;

    public string Name(string aspect) => $"{backend}/{device}/{aspect}";

    /// <summary>Does something, and reports how it ended; a wait without end is cut off.</summary>
    public Task<bool> CheckAsync(string aspect, Func<CancellationToken, Task> action) =>
        report.CheckAsync(Name(aspect), async () =>
        {
            progress = "its start";
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(Patience + TimeSpan.FromMilliseconds(rounds * 2));
            try
            {
                await action(limit.Token);
            }
            catch (OperationCanceledException e) when (!stop.IsCancellationRequested)
            {
                throw new TimeoutException($"waited in vain; got as far as: {progress}", e);
            }
        });

    /// <summary>Does something with the function opened anew, likewise.</summary>
    public Task<bool> TryAsync(string aspect, Func<PciFunction, CancellationToken, Task> action, MsixTableRule rule = MsixTableRule.RequireIsolation) =>
        CheckAsync(aspect, async limit =>
        {
            await using PciFunction function = await OpenAsync(rule, limit);
            Reached("the open function");
            await action(function, limit);
        });

    public void Observe(string aspect, params ReadOnlySpan<(string Name, object? Value)> values) => report.Observe(Name(aspect), values);

    /// <summary>Does something thousands of times, and reports how long it took.</summary>
    public async Task RepeatAsync(string aspect, int times, Func<int, Task> action)
    {
        long start = Stopwatch.GetTimestamp();
        for (int i = 0; i < times; i++)
        {
            progress = $"{i} of {times}";
            await action(i);
        }

        Observe($"{aspect}-times", ("times", times), ("microseconds", (long)(Stopwatch.GetElapsedTime(start).TotalMicroseconds / times)));
    }

    /// <summary>Notes how far a check has come, to be told if it comes no farther.</summary>
    public void Reached(string point) => progress = point;

    public ValueTask<PciFunction> OpenAsync(MsixTableRule rule, CancellationToken limit) =>
        Vfio.OpenAsync(address, new VfioOptions { Backend = backend, TableRule = rule }, limit);

    /// <summary>Opens the function and reports what the kernel decided, for the host to hold against the audit.</summary>
    /// <returns>Whether it could be opened.</returns>
    public async Task<bool> DecideAsync()
    {
        try
        {
            await using PciFunction function = await OpenAsync(MsixTableRule.RequireIsolation, stop);
            Observe("open", ("decision", "opened"), ("isolation", function.Isolation));
            return true;
        }
        catch (PciException e)
        {
            Observe("open", ("decision", e is MsiIsolationException ? "refused" : "failed"), ("message", e.Message), ("error", e.ErrorNumber));
            return false;
        }
    }

    /// <summary>Reads 32 bits past any mapping.</summary>
    public static uint ReadRegion32(PciFunction function, int bar, ulong offset)
    {
        Span<byte> data = stackalloc byte[sizeof(uint)];
        function.ReadRegion(bar, offset, data);
        return BinaryPrimitives.ReadUInt32LittleEndian(data);
    }

    /// <summary>This host's kernel log as it stands now.</summary>
    public static IEnumerable<string> ReadKernelLog() =>
        (LinuxHost.OpenTree(null).Read(LogPath).Text ?? "").Split('\n');
}
