using System.Collections.Concurrent;
using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;

namespace VfioSharp.Lab.Tests;

/// <summary>Runs scenarios on machines. Where a machine cannot be booted the calling test is skipped with the reason; in CI it fails.</summary>
internal static class Lab
{
    private const int MachinesAtOnce = 2;

    private static readonly SemaphoreSlim Places = new(MachinesAtOnce);
    private static readonly ConcurrentDictionary<string, Lazy<Task<GuestRun>>> Runs = new();

    /// <summary>
    /// Runs a scenario to its end, once: tests that ask for the same of the same machine share the run. It outlives the test that asked first.
    /// </summary>
    public static Task<GuestRun> RunAsync(Machine machine, string scenario, params string[] words)
    {
        Require(machine);
        return Runs.GetOrAdd(machine.FolderName(scenario, words), _ => new(() => RunOnceAsync(machine, scenario, words))).Value
            .WaitAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Runs a scenario while the test talks to it and to its machine.</summary>
    public static Task<GuestRun> RunAsync(Machine machine, string scenario, string[] words, Func<Guest, Task> meanwhile)
    {
        Require(machine);
        return RunWithAsync(machine, scenario, words, meanwhile, TestContext.Current.CancellationToken);
    }

    /// <summary>The same for a session that tests share: it outlives the one that asked first.</summary>
    public static Task<GuestRun> RunSharedAsync(Machine machine, string scenario, string[] words, Func<Guest, Task> meanwhile) =>
        RunWithAsync(machine, scenario, words, meanwhile, CancellationToken.None);

    private static async Task<GuestRun> RunWithAsync(Machine machine, string scenario, string[] words, Func<Guest, Task> meanwhile, CancellationToken stop)
    {
        await Places.WaitAsync(stop);
        try
        {
            await using Guest guest = await Guest.StartAsync(LabManifest.Current, machine, scenario, words, stop);
            await meanwhile(guest);
            return await guest.CompleteAsync(stop);
        }
        finally
        {
            Places.Release();
        }
    }

    private static async Task<GuestRun> RunOnceAsync(Machine machine, string scenario, string[] words)
    {
        await Places.WaitAsync();
        try
        {
            await using Guest guest = await Guest.StartAsync(LabManifest.Current, machine, scenario, words, CancellationToken.None);
            return await guest.CompleteAsync();
        }
        finally
        {
            Places.Release();
        }
    }

    /// <summary>Skips the calling test, with the reason, where a machine cannot be booted.</summary>
    public static void Require(Machine machine)
    {
        if (LabManifest.Current.WhyNot(machine.Kernel, machine.Architecture, machine.HasLspci) is not { } reason)
            return;
        if (Environment.GetEnvironmentVariable("CI") == "true")
            Assert.Fail(reason);
        Assert.Skip(reason);
    }
}
