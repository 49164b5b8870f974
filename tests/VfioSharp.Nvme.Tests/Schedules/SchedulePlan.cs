using VfioSharp.Testing.Faults;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Nvme.Tests.Schedules;

/// <summary>What goes wrong in a schedule.</summary>
/// <param name="Faults">The plan.</param>
/// <param name="IsHonest">
/// Whether a driver can know what went wrong. Where data or a command changes on its way, or what was meant for earlier comes later and looks like now, no
/// driver without checksums can: there only that everything ends, once, and within its memory, can be asked.
/// </param>
internal sealed record SchedulePlan(FaultPlan Faults, bool IsHonest)
{
    // A completion's last dword, which the controller writes by itself: identifier, phase tag and status (NVM Express Base 2.0, 3.3.3.2).
    private const string Completion = "length=4";
    private const string Doorbells = "bar=0 first=0x1000";
    private const string Status = "bar=0 first=0x1c last=0x1f";

    private static readonly string[] Honest =
    [
        "interrupt drop 1/4",
        "interrupt drop",
        "interrupt delay 1/4 after=1",
        "interrupt duplicate 1/2 after=1",
        "interrupt corrupt 1/4",
        $"write-register drop 1/10 {Doorbells}",
        $"write-register duplicate 1/3 {Doorbells}",
        "read-memory refuse 1/40 skip=30",
        "write-memory refuse 1/40 skip=40",
        $"write-memory drop 1/20 {Completion} skip=20",
        $"write-memory corrupt 1/20 {Completion} skip=20 byte=1 mask=0x80", // an identifier that is nobody's
        $"write-memory corrupt 1/20 {Completion} skip=20 byte=2 mask=0x1", // the phase tag
        $"write-memory corrupt 1/8 {Completion} skip=20 byte=2 mask=0x6", // the status
        $"read-register drop 1/3 {Status} skip=8",
        $"read-register corrupt 1/10 {Status} byte=0 mask=0x2", // fatal
        "interrupt remove skip=20",
        "read-memory remove skip=60",
        "write-memory remove skip=60",
        "map-memory refuse 1/6",
        "map-memory remove skip=5",
    ];

    private static readonly string[] Lying =
    [
        "write-memory corrupt 1/30 skip=20",
        "read-memory corrupt 1/30 skip=20",
        $"write-memory corrupt 1/10 {Completion} skip=20",
        $"write-memory corrupt 1/10 {Completion} skip=20 byte=0 mask=0x1", // a neighbour's identifier
        $"write-memory duplicate 1/10 {Completion} skip=20 shift=16",
        $"write-memory delay 1/10 {Completion} skip=20 after=7",
        "write-memory drop 1/30 skip=20",
        $"write-register delay 1/10 {Doorbells} after=1",
        $"write-register duplicate 1/10 {Doorbells} after=2",
        $"write-register corrupt 1/10 {Doorbells}",
        "read-register corrupt 1/20",
        "write-register drop 1/10",
    ];

    /// <summary>Up to three rules, as the dice fall; in one of five schedules nothing goes wrong.</summary>
    public static SchedulePlan Make(FuzzRandom random)
    {
        int count = random.OneIn(5) ? 0 : 1 + random.Below(3);
        bool isHonest = !random.OneIn(4);
        string[] rules = [.. Enumerable.Range(0, count).Select(_ => random.Pick(isHonest ? Honest : Lying))];
        return new SchedulePlan(FaultPlan.Parse(string.Join("; ", rules.Prepend($"seed={random.Next()}"))), isHonest);
    }
}
