using System.Collections.Concurrent;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Machines;
using VfioSharp.Pci.Configuration;
using VfioSharp.Samples;
using VfioSharp.VfioUser;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>
/// Two Tallies in one guest: found, driven, reset, driven; after a reboot of the guest found and driven; then QEMU is killed while they are in use, and another
/// QEMU attaches the same two, which were served all the while.
/// </summary>
internal sealed class AttachmentSession
{
    public const string First = "first";
    public const string Second = "second";

    /// <summary>How often each is driven at a time.</summary>
    public const int Rounds = 20;

    private const ulong Total = 0x08;

    private static readonly TimeSpan TwoBoots = TimeSpan.FromMinutes(6);

    private static readonly ConcurrentDictionary<string, Lazy<Task<AttachmentSession>>> Sessions = new();

    private AttachmentSession(Machine machine) => Machine = machine;

    public Machine Machine { get; }

    /// <summary>The machine that was killed.</summary>
    public GuestRun Killed { get; private set; } = null!;

    /// <summary>The machine that came after it.</summary>
    public GuestRun Next { get; private set; } = null!;

    /// <summary>What the functions held between the two, as our own client found it.</summary>
    public Dictionary<string, ulong> Kept { get; } = [];

    /// <summary>The configuration space that our own client found.</summary>
    public Dictionary<string, ConfigurationSpace> Configurations { get; } = [];

    /// <summary>What the servers had counted in the end.</summary>
    public Dictionary<string, VfioUserStatistics> Statistics { get; } = [];

    /// <summary>Everything that helps when something has gone wrong.</summary>
    public string Describe() => $"{Killed.Describe()}\n{Next?.Describe()}\n{string.Join('\n', Statistics)}";

    /// <summary>The session with a kernel; there is one for all tests.</summary>
    public static Task<AttachmentSession> WithAsync(string kernel)
    {
        Machine machine = Catalogue.X64(kernel, Iommu.IntelCachingMode) with { Devices = [], Reboots = true, TimeLimit = TwoBoots };
        Lab.Require(machine);
        return Sessions.GetOrAdd(kernel, _ => new(() => Task.Run(() => RunAsync(machine)))).Value.WaitAsync(TestContext.Current.CancellationToken);
    }

    private static async Task<AttachmentSession> RunAsync(Machine bare)
    {
        await using var server = new FunctionServer();
        server.Serve(First, new Tally());
        server.Serve(Second, new Tally());
        var session = new AttachmentSession(bare.WithServed(server.Folder, First, Second));
        (string first, string second) = (session.Machine.AddressOf(First), session.Machine.AddressOf(Second));

        session.Killed = await Lab.RunSharedAsync(session.Machine, "served", ["killed"], async guest =>
        {
            await guest.ReadyAsync();
            await LookAndDriveAsync(guest, first, second);
            await guest.DoAsync($"reset {first}");
            await guest.DoAsync($"tally {first} {Rounds}");
            await guest.DoAsync($"tally {second} {Rounds}");

            // With the functions open and memory shown to them.
            await guest.RebootAsync();
            await LookAndDriveAsync(guest, first, second);
            guest.Kill();
        });

        foreach (string name in new[] { First, Second })
        {
            await using PciFunction function = await VfioUserClient.ConnectAsync(
                server[name].Path, new VfioUserClientOptions { WaitForServer = TimeSpan.FromSeconds(10) });
            using Bar bar = function.MapBar(0);
            session.Kept[name] = bar.Registers.Read64(Total);
            session.Configurations[name] = function.Configuration.Read();
        }

        session.Next = await Lab.RunSharedAsync(session.Machine, "served", ["next"], async guest =>
        {
            await guest.ReadyAsync();
            await LookAndDriveAsync(guest, first, second);
            await guest.EndAsync();
        });
        session.Statistics[First] = server[First].Statistics;
        session.Statistics[Second] = server[Second].Statistics;
        return session;
    }

    private static async Task LookAndDriveAsync(Guest guest, string first, string second)
    {
        await guest.DoAsync($"look {first}");
        await guest.DoAsync($"look {second}");
        await guest.DoAsync($"open {first} Group");
        await guest.DoAsync($"open {second} Group");
        await guest.DoAsync($"tally {first} {Rounds}");
        await guest.DoAsync($"tally {second} {Rounds}");
    }
}
