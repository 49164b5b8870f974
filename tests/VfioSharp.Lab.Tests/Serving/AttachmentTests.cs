using VfioSharp.Lab.Tests.Booting;
using VfioSharp.Lab.Tests.Results;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>Functions of ours under QEMU, with several kernels: attached, driven, reset, after a reboot, after QEMU was killed.</summary>
public class AttachmentTests
{
    private const int KilledBySignal = 128 + 9;

    // At first, after a reset of the first function, after the reboot, under the next QEMU.
    private const int Tallies = 4;

    public static TheoryData<string> Kernels => ["6.1", "6.12", "7"];

    private static string[] Names => [AttachmentSession.First, AttachmentSession.Second];

    [Theory, MemberData(nameof(Kernels))]
    public async Task The_guest_finds_what_is_served(string kernel)
    {
        AttachmentSession session = await AttachmentSession.WithAsync(kernel);

        foreach (string name in Names)
        {
            PciCapabilities served = session.Configurations[name].Capabilities;
            GuestResult[] looks = [.. Looks(session.Killed, session, name), .. Looks(session.Next, session, name)];
            looks.Length.ShouldBe(3, session.Describe());
            foreach (GuestResult look in looks)
            {
                var found = new ConfigurationSpace(Convert.FromHexString(look.Text("configuration")!));
                (found.VendorId, found.DeviceId, found.ClassCode).ShouldBe(((ushort)0x1234, (ushort)0x11E9, new ClassCode(0xFF, 0, 0)));
                found.Capabilities.All.ShouldBe(served.All);
                found.Capabilities.Msix!.Value.Vectors.ShouldBe(1);
                look.Texts("lengths").ShouldBe(["4096", "0", "4096", "0", "0", "0"]);
                look.Text("resets")!.Split(' ').ShouldContain("flr");
            }
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public async Task Two_functions_of_one_guest_are_driven_side_by_side(string kernel)
    {
        AttachmentSession session = await AttachmentSession.WithAsync(kernel);

        foreach (string name in Names)
        {
            Found(session.Killed, session, name)[0].ShouldBe((0, 0), session.Describe());
            Driven(session.Killed, session, name)[0].Failures.ShouldBe(AttachmentSession.Rounds, session.Describe());
            session.Statistics[name].Interrupts.ShouldBe(Tallies * AttachmentSession.Rounds, session.Describe());
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public async Task A_reset_empties_the_one_that_is_reset_and_leaves_it_working(string kernel)
    {
        AttachmentSession session = await AttachmentSession.WithAsync(kernel);

        Found(session.Killed, session, AttachmentSession.First)[1].ShouldBe((0, 0), session.Describe());
        Driven(session.Killed, session, AttachmentSession.First)[1].ShouldBe(Driven(session.Killed, session, AttachmentSession.First)[0], session.Describe());

        // The other has gone on from where it was.
        Found(session.Killed, session, AttachmentSession.Second)[1].ShouldBe(Driven(session.Killed, session, AttachmentSession.Second)[0], session.Describe());
    }

    [Theory, MemberData(nameof(Kernels))]
    public async Task After_a_reboot_of_the_guest_all_is_as_at_first(string kernel)
    {
        AttachmentSession session = await AttachmentSession.WithAsync(kernel);

        foreach (string name in Names)
        {
            Found(session.Killed, session, name)[2].ShouldBe((0, 0), session.Describe());
            Driven(session.Killed, session, name)[2].ShouldBe(Driven(session.Killed, session, name)[0], session.Describe());
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public async Task When_QEMU_is_killed_the_function_keeps_what_it_has_and_serves_the_next(string kernel)
    {
        AttachmentSession session = await AttachmentSession.WithAsync(kernel);

        session.Killed.HasEnded.ShouldBeFalse(session.Describe());
        session.Killed.ExitStatus.ShouldBe(KilledBySignal, session.Describe());
        session.Next.ShouldHaveSucceeded();
        foreach (string name in Names)
        {
            session.Kept[name].ShouldBe((ulong)Driven(session.Killed, session, name)[2].Total, session.Describe());
            session.Kept[name].ShouldBeGreaterThan(0UL, session.Describe());

            // QEMU resets what it attaches.
            Found(session.Next, session, name).ShouldBe([(0, 0)], session.Describe());
            Driven(session.Next, session, name).ShouldBe([Driven(session.Killed, session, name)[0]], session.Describe());
            session.Statistics[name].Clients.ShouldBe(3); // QEMU, our own, QEMU
        }
    }

    [Theory, MemberData(nameof(Kernels))]
    public async Task Neither_side_has_anything_to_complain_of(string kernel)
    {
        AttachmentSession session = await AttachmentSession.WithAsync(kernel);

        foreach (GuestRun run in new[] { session.Killed, session.Next })
        {
            run.Results.ShouldAllBe(result => result.Outcome != GuestOutcome.Failed, session.Describe());
            run.EmulatorText.ShouldNotContain("vfio", Case.Insensitive, session.Describe());
        }

        foreach (string name in Names)
            (session.Statistics[name].Faults, session.Statistics[name].Refusals).ShouldBe((0, 0), session.Describe());
    }

    private static GuestResult[] Looks(GuestRun run, AttachmentSession session, string name) => Of(run, "look", session, name);

    private static (long Total, long Failures)[] Found(GuestRun run, AttachmentSession session, string name) => Figures(run, "found", session, name);

    private static (long Total, long Failures)[] Driven(GuestRun run, AttachmentSession session, string name) => Figures(run, "driven", session, name);

    private static (long Total, long Failures)[] Figures(GuestRun run, string check, AttachmentSession session, string name) =>
        [.. Of(run, check, session, name).Select(result => (result.Number("total")!.Value, result.Number("failures")!.Value))];

    private static GuestResult[] Of(GuestRun run, string check, AttachmentSession session, string name) =>
        [.. run.All(check).Where(result => result.Text("address") == session.Machine.AddressOf(name))];
}
