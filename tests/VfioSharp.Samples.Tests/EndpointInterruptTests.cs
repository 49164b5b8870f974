using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Tests.Interrupts;
using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

public sealed class EndpointInterruptTests : IAsyncDisposable
{
    private readonly EndpointRig rig = new();

    private Registers Registers => rig.Registers;

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData(RaiseIntx)]
    [InlineData(RaiseMsi)]
    [InlineData(RaiseMsix)]
    public void The_type_register_and_not_the_command_says_how(uint command)
    {
        rig.TellBy(Intx, 0);
        Registers.Write32(Command, command);
        rig.IsLineUp.ShouldBeTrue();
        rig.Pending().ShouldBe(0ul);

        rig.TellBy(Msix, 7);
        Registers.Write32(Command, command);
        rig.IsLineUp.ShouldBeFalse();
        rig.Pending().ShouldBe(1ul << 6);
        Registers.Read32(Status).ShouldBe(IrqRaised);
    }

    [Theory]
    [InlineData(32, 1, 0)]
    [InlineData(32, 32, 0)]
    [InlineData(2048, 65, 1)]
    [InlineData(2048, 2048, 31)]
    public async Task Vectors_are_numbered_from_1(int vectors, uint number, int word)
    {
        await using var other = new EndpointRig(vectors);
        other.TellBy(Msix, number);
        other.Registers.Write32(Command, RaiseMsix);
        other.Pending(word).ShouldBe(1ul << (int)((number - 1) % 64));
    }

    [Theory]
    [InlineData(Msix, 0)]
    [InlineData(Msix, 33)]
    [InlineData(Msix, uint.MaxValue)]
    [InlineData(Msi, 0)]
    [InlineData(Msi, 33)]
    public void A_vector_that_is_not_there_is_told_by_the_status_alone(uint type, uint number)
    {
        rig.TellBy(type, number);
        Registers.Write32(Command, RaiseMsi);
        Registers.Read32(Status).ShouldBe(IrqRaised);
        rig.Pending().ShouldBe(0ul);
        rig.IsLineUp.ShouldBeFalse();
    }

    [Fact]
    public async Task More_vectors_of_MSIX_give_no_more_of_MSI()
    {
        await using var other = new EndpointRig(64);
        other.TellBy(Msi, 33);
        other.Registers.Write32(Command, RaiseMsi);
        other.Pending().ShouldBe(0ul);
        other.TellBy(Msix, 33);
        other.Registers.Write32(Command, RaiseMsix);
        other.Pending().ShouldBe(1ul << 32);
    }

    [Theory]
    [InlineData(Msix, 0)]
    [InlineData(Msix, RaiseMsi | RaiseMsix)]
    [InlineData(Msix, 1 << 10)]
    [InlineData(Msix, 1u << 31)]
    [InlineData(3, RaiseMsix)]
    [InlineData(3, Read)]
    public void What_it_does_not_understand_is_dropped_without_a_word(uint type, uint command)
    {
        rig.TellBy(type, 1);
        Registers.Write32(Command, command);
        Registers.Read32(Command).ShouldBe(0u);
        Registers.Read32(Status).ShouldBe(0u);
        rig.Pending().ShouldBe(0ul);
    }

    [Theory]
    [InlineData(EnableDoorbell, DoorbellEnableFail)]
    [InlineData(DisableDoorbell, DoorbellDisableFail)]
    [InlineData(SubrangeSetup, SubrangeSetupFail)]
    [InlineData(SubrangeClear, SubrangeClearFail)]
    public void What_it_cannot_do_fails_and_says_so(uint command, uint failure)
    {
        rig.TellBy(Msix, 1);
        Registers.Write32(Command, command);
        Registers.Read32(Status).ShouldBe(failure | IrqRaised);
        rig.Pending().ShouldBe(1ul);
    }

    [Fact]
    public void A_command_clears_what_the_one_before_it_told()
    {
        rig.TellBy(Msix, 1);
        Registers.Write32(Command, EnableDoorbell);
        Registers.Write32(Command, RaiseMsix);
        Registers.Read32(Status).ShouldBe(IrqRaised);
    }

    [Fact]
    public async Task The_line_stays_up_until_the_status_is_read()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using IntxLine line = await rig.Function.EnableIntxAsync(stop);
        rig.TellBy(Intx, 0);
        Registers.Write32(Command, RaiseIntx);
        await line.WaitAsync(stop).Soon();
        rig.IsLineUp.ShouldBeTrue();

        // Unmasked too early it fires again, as a level does.
        line.Unmask();
        await line.WaitAsync(stop).Soon();
        Registers.Read32(Magic);
        rig.IsLineUp.ShouldBeTrue();
        Registers.Read32(Status).ShouldBe(IrqRaised);
        rig.IsLineUp.ShouldBeFalse();

        // It tells so once: nothing is left to fire. The status itself stays.
        line.Unmask();
        Registers.Read32(Status).ShouldBe(IrqRaised);
        Registers.Write32(Command, RaiseIntx);
        await line.WaitAsync(stop).Soon();
        line[0].TryTake().ShouldBeFalse();
    }

    [Fact]
    public async Task The_line_is_not_lost_on_a_host_that_keeps_it_masked()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using IntxLine line = await rig.Function.EnableIntxAsync(stop);
        rig.TellBy(Intx, 0);
        Registers.Write32(Command, RaiseIntx);
        await line.WaitAsync(stop).Soon();
        Registers.Read32(Status);

        // A pulse would be over when the host listens again.
        Registers.Write32(Command, RaiseIntx);
        line.Unmask();
        await line.WaitAsync(stop).Soon();
    }

    [Theory]
    [InlineData(Status, 0)]
    [InlineData(Command, EnableDoorbell)]
    public void The_line_goes_down_with_the_status_that_it_tells_of(ulong offset, uint value)
    {
        rig.TellBy(Intx, 0);
        Registers.Write32(Command, RaiseIntx);
        rig.IsLineUp.ShouldBeTrue();
        rig.TellBy(Msix, 1);
        Registers.Write32(offset, value);
        rig.IsLineUp.ShouldBeFalse();
    }
}
