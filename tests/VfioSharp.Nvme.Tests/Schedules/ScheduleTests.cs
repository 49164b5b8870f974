using System.Collections.Concurrent;
using System.Globalization;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Nvme.Tests.Schedules;

/// <summary>
/// The driver against the controller, with faults between: whatever goes wrong, each command ends once, data is right where success was said, nothing hangs,
/// nothing outside of buffers is touched, and the controller serves the next driver.
/// </summary>
public sealed class ScheduleTests(ITestOutputHelper output)
{
    private const int MaxFailures = 5; // enough to see what they have in common

    // They wait for time-outs most of the time.
    private static int AtOnce => Fuzz.IsLong ? 16 : 4;

    [Fact]
    public Task In_one_process() => RunAsync(1200, overSocket: false);

    [Fact]
    public Task Over_a_socket() => RunAsync(400, overSocket: true);

    private async Task RunAsync(int normal, bool overSocket)
    {
        string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
        try
        {
            if (ulong.TryParse(Environment.GetEnvironmentVariable("VFIOSHARP_SEED"), CultureInfo.InvariantCulture, out ulong wanted))
            {
                await RunOneAsync(wanted, overSocket ? Path.Combine(folder, "socket") : null, new Totals());
                return;
            }

            int left = Fuzz.Iterations(normal);
            var seeds = new FuzzRandom((ulong)DateTime.UtcNow.Ticks);
            var totals = new Totals();
            var failures = new ConcurrentQueue<Exception>();
            await Task.WhenAll(Enumerable.Range(0, AtOnce).Select(lane => Task.Run(async () =>
            {
                while (failures.Count < MaxFailures && Interlocked.Decrement(ref left) >= 0)
                {
                    ulong seed;
                    lock (seeds)
                    {
                        seed = seeds.Next();
                    }

                    try
                    {
                        await RunOneAsync(seed, overSocket ? Path.Combine(folder, $"{lane}") : null, totals);
                    }
                    catch (InvalidOperationException exception)
                    {
                        failures.Enqueue(exception);
                    }
                }
            })));
            output.WriteLine($"{totals.Schedules} schedules, {totals.Ended} commands, {totals.Succeeded} of them well, {totals.Faults} faults");
            failures.ShouldBeEmpty();
            totals.Succeeded.ShouldBeGreaterThan(0);
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private static async Task RunOneAsync(ulong seed, string? socket, Totals totals)
    {
        var schedule = new Schedule(seed);
        try
        {
            await schedule.RunAsync(socket);
        }
        catch (Exception exception)
        {
            throw new InvalidOperationException(
                $"failed; repeat it with VFIOSHARP_SEED={seed} ({schedule.Plan.Faults}): {exception.Message}\n{schedule.Log}", exception);
        }

        totals.Add(schedule);
    }

    private sealed class Totals
    {
        private readonly Lock gate = new();

        public int Schedules { get; private set; }

        public long Ended { get; private set; }

        public long Succeeded { get; private set; }

        public long Faults { get; private set; }

        public void Add(Schedule schedule)
        {
            lock (gate)
            {
                Schedules++;
                Ended += schedule.Commands.Ended;
                Succeeded += schedule.Commands.Succeeded;
                Faults += schedule.Faults;
            }
        }
    }
}
