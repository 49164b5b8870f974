using System.Security.Cryptography;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>A function's state, taken from one server to another as bytes. Whoever brings it is not trusted.</summary>
public sealed class StateTests : IAsyncDisposable
{
    private const uint Stopped = 1;
    private const uint Running = 2;
    private const uint StopCopy = 3;
    private const uint Resuming = 4;
    private const int HashLength = 32;

    private readonly ServerRig source = new();
    private readonly ServerRig target = new();
    private readonly RawClient from;
    private readonly RawClient to;

    public StateTests()
    {
        from = source.Greeted();
        to = target.Greeted();
    }

    private static ulong Page => Layouts.Page;

    public async ValueTask DisposeAsync()
    {
        await source.DisposeAsync();
        await target.DisposeAsync();
    }

    [Fact]
    public void A_restored_function_is_as_the_saved_one_was()
    {
        EventFd[] eventFds = Events.Create(3);
        Populate();
        byte[] state = Save(from);
        Restore(state).ShouldBe(Errno.None);
        Go(to, Running);
        Go(from, Running);
        target.Model.Value.ShouldBe(0xDEADBEEFUL);
        Seen(to).ShouldBe(Seen(from));
        to.Read(0, 2 * Page, 4).ShouldBe([1, 2, 3, 4]);
        to.Read(0, (4 * Page) - 4, 4).ShouldBe([5, 6, 7, 8]);
        to.Read(2, 0x800, 8).ShouldBe(new Bytes().U64(0b0101).ToArray(), "what was pending is pending");

        // It works on: interrupts that were pending go to the new client.
        to.PowerOn();
        Set(2, 2, eventFds[2]);
        eventFds[2].Take().ShouldBe(1UL);
        Set(2, 0, eventFds[0]);
        eventFds[0].Take().ShouldBe(1UL);
        to.Do(Commands.SetIrqs, Payloads.SetIrqs(2, Payloads.DataNone | Payloads.Trigger, 0, 0));
        Set(0, 0, eventFds[1]);
        eventFds[1].Take().ShouldBe(1UL, "the line is up");
        Array.ForEach(eventFds, eventFd => eventFd.Dispose());

        void Set(uint kind, uint vector, EventFd eventFd) =>
            to.Do(Commands.SetIrqs, Payloads.SetIrqs(kind, Payloads.DataEventFd | Payloads.Trigger, vector, 1), eventFd.File);
    }

    [Fact]
    public void What_the_target_had_before_is_gone()
    {
        byte[] state = Save(from);
        to.Write(0, 3 * Page, 9, 9, 9, 9);
        to.Write(7, 0x3C, 0x77);
        to.Write32(2, 12, 0);
        target.Model.Value = 5;
        target.Model.SetIntx(true);
        target.Model.Raise(1);
        Restore(state).ShouldBe(Errno.None);
        Go(to, Running);
        Go(from, Running);
        Seen(to).ShouldBe(Seen(from));
        target.Model.Value.ShouldBe(0UL);
    }

    [Fact]
    public void A_state_may_come_in_pieces_of_any_size()
    {
        Populate();
        byte[] state = Save(from);
        Go(to, Resuming);
        for (int at = 0, length = 1; at < state.Length; at += length, length = Math.Min(length * 2, state.Length - at))
        {
            to.Do(Commands.MigDataWrite, Payloads.MigData((uint)length, state.AsSpan(at, length)));
        }

        Go(to, Running);
        target.Model.Value.ShouldBe(0xDEADBEEFUL);
    }

    [Fact]
    public void A_state_that_was_cut_off_or_altered_anywhere_is_refused_and_changes_nothing()
    {
        Populate();
        byte[] state = Save(from);
        byte[] before = Seen(to);
        ShouldRefuse([.. state, 0], "the state is cut off, or altered");
        for (int at = 0; at < state.Length; at += at is > 600 and < 8000 ? 173 : 7)
        {
            byte[] altered = [.. state];
            altered[at] ^= 0x10;
            ShouldRefuse(altered);
            ShouldRefuse(state[..at]);
        }

        Seen(to).ShouldBe(before);
        Restore(state).ShouldBe(Errno.None);
    }

    [Theory]
    [InlineData("another device", "another layout's")]
    [InlineData("another BAR", "another layout's")]
    [InlineData("another kind", "another layout's")]
    [InlineData("more vectors", "another layout's")]
    [InlineData("no line", "another layout's")]
    public async Task Another_layout_s_state_is_refused(string what, string complaint)
    {
        FunctionLayout layout = Layouts.Whole;
        await using var other = new ServerRig(what switch
        {
            "another device" => layout with { Identity = layout.Identity with { DeviceId = 1 } },
            "another BAR" => layout with { Bars = [.. layout.Bars.Where(bar => bar.Index != 3)] },
            "another kind" => layout with { IsPciExpress = false },
            "more vectors" => layout with { Bars = [layout.Bars[0], BarLayout.Msix(2, 5), layout.Bars[2]] },
            _ => layout with { Pin = InterruptPin.None },
        });
        ShouldRefuse(Save(other.Greeted()), complaint);
    }

    [Fact]
    public void A_state_that_its_author_refuses_is_refused()
    {
        target.Model.Checks = value => throw new InvalidDataException($"{value} is none of mine");
        source.Model.Value = 7;
        byte[] state = Save(from);
        ShouldRefuse(state, "7 is none of mine");
        target.Model.Checks = _ => throw new NotSupportedException("the author's mistake");
        ShouldRefuse(state, "the author's mistake");
    }

    [Fact]
    public async Task A_line_that_the_function_does_not_have_is_not_asserted()
    {
        FunctionLayout layout = Layouts.Bare with { CanMigrate = true };
        await using var rig = new ServerRig(layout);
        RawClient client = rig.Greeted();
        byte[] state = Save(client);
        int line = 8 + 1 + state[8] + 4096; // behind a magic number, the layout in words and configuration space
        state[line].ShouldBe((byte)0);
        state[line] = 1;
        Seal(state);
        Restore(client, state).ShouldBe(Errno.EINVAL);
        client.Dispose();

        // Whoever comes next finds the function as it is, not a server that has ended.
        RawClient next = rig.Greeted();
        next.Do(Commands.Reset, []);
        next.Read(7, 6, 1)[0].ShouldBe((byte)0x10, "no interrupt is asserted");
    }

    [Fact]
    public void Whatever_is_in_a_state_that_its_bearer_has_sealed_ends_nothing()
    {
        Populate();
        byte[] state = Save(from);
        Fuzz.Run(150, random =>
        {
            byte[] altered = [.. state];
            for (int changes = random.Below(4); changes >= 0; changes--)
            {
                int at = random.OneIn(2) ? random.Below(400) : 4000 + random.Below(altered.Length - 4000);
                altered[at] = random.OneIn(2) ? (byte)random.Next() : random.Pick<byte>(0, 0xFF, 0x80, 1);
            }

            altered = random.OneIn(3) ? altered[..(HashLength + random.Below(altered.Length - HashLength))] : altered;
            Seal(altered);
            Errno error = Restore(altered);
            error.ShouldBeOneOf(Errno.None, Errno.EINVAL);
            if (error == Errno.None)
            {
                Go(to, Running);
                to.Write(7, to.FindCapability(1) + 4, 0, 0); // what was altered may have been what gives access to BARs: power, and Command
                to.PowerOn();
                Seen(to).Length.ShouldBe(Seen(from, isStopped: true).Length);
            }

            target.Model.Raise(1);
            target.Model.SetIntx(random.OneIn(2));
            to.Do(Commands.Reset, []);
            to.Read(7, 0, 2).ShouldBe([0x34, 0x12]);
        });
    }

    private static void Go(RawClient client, uint state) => client.Do(Commands.Feature, Payloads.State(state));

    private static void Seal(byte[] state) => SHA256.HashData(state.AsSpan(0, state.Length - HashLength)).CopyTo(state, state.Length - HashLength);

    private static byte[] Save(RawClient client)
    {
        Go(client, StopCopy);
        using RawMessage reply = client.Call(Commands.MigDataRead, Payloads.MigData(1 << 20));
        reply.U32(4).ShouldBeLessThan(1u << 20);
        return reply.Payload[8..];
    }

    private static Errno Restore(RawClient client, byte[] state)
    {
        Go(client, Resuming);
        client.Do(Commands.MigDataWrite, Payloads.MigData((uint)state.Length, state));
        return client.Call(Commands.Feature, Payloads.State(Stopped)).Error;
    }

    // All of it that a client sees: configuration space, memory of BARs, the MSI-X table and pending bits.
    private static byte[] Seen(RawClient client, bool isStopped = false) =>
        isStopped ? new byte[4096 + (2 * (int)Page) + 4096] : [.. client.Read(7, 0, 4096), .. client.Read(0, 2 * Page, 2 * (uint)Page), .. client.Read(2, 0, 4096)];

    private void Populate()
    {
        from.Write(0, 2 * Page, 1, 2, 3, 4);
        from.Write(0, (4 * Page) - 4, 5, 6, 7, 8);
        from.Write(7, 0x3C, 0x5A);
        from.Write32(2, 0, 0xFEE00000);
        from.Write32(2, 48 + 8, 0x44);
        from.Write32(2, 48 + 12, 0);
        source.Model.Value = 0xDEADBEEF;
        source.Model.Raise(0);
        source.Model.Raise(2);
        source.Model.SetIntx(true);
    }

    private Errno Restore(byte[] state) => Restore(to, state);

    private void ShouldRefuse(byte[] state, string complaint)
    {
        int lines = target.Logger.Lines.Count;
        ShouldRefuse(state);
        target.Logger.Lines.Skip(lines).ShouldContain(line => line.Contains(complaint, StringComparison.Ordinal));
    }

    private void ShouldRefuse(byte[] state)
    {
        Restore(state).ShouldBe(Errno.EINVAL);
        to.Call(Commands.Feature, Payloads.Feature(Payloads.DeviceState | Payloads.Get, argsz: 16)).U32(8).ShouldBe(0u);
        to.Do(Commands.Reset, []);
    }
}
