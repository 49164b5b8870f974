using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>DEVICE_RESET.</summary>
public sealed class ResetTests : IAsyncDisposable
{
    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public ResetTests() => client = rig.Greeted();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void The_function_is_reset_and_what_its_client_had_set_up_is_there_still()
    {
        client.PowerOn();
        client.Write(7, 0x3C, 0x55);
        using var file = new SharedFile(4096);
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x1000, 4096), file.File);
        rig.Model.Value = 77;
        client.ShouldAnswer(Commands.Reset, [], []);
        rig.Model.Calls.ShouldBe(["quiesce", "reset", "resume"]);
        rig.Model.Value.ShouldBe(0UL);
        client.Read(7, 0x3C, 1).ShouldBe([0x55]);
        client.Read(7, 4, 2).ShouldBe([6, 0]);
        rig.Model.SystemMemory.TryRead(new Devices.Dma.Iova(0x1000), new byte[1]).ShouldBeTrue();
    }

    [Fact]
    public void It_brings_nothing_with_it()
    {
        client.ShouldRefuse(Errno.EINVAL, Commands.Reset, [0]);
        client.ShouldRefuse(Errno.EINVAL, Commands.Reset, new byte[4096]);
        rig.Model.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void A_reset_that_takes_its_time_lets_what_comes_behind_wait()
    {
        var done = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        rig.Model.Resets = () => new ValueTask(done.Task);
        ushort reset = client.Post(Commands.Reset, []);
        ushort write = client.Post(Commands.RegionWrite, Payloads.Region(0, 0, 4, [1, 0, 0, 0]));
        Patience.Until(() => rig.Model.Calls.Contains("reset"));
        client.HasInput(20).ShouldBeFalse();
        done.SetResult();
        client.Receive().Id.ShouldBe(reset);
        client.Receive().Id.ShouldBe(write);
        rig.Model.Calls.ShouldBe(["quiesce", "reset", "resume", "write 4 at 0:0 = 1"]);
    }

    [Fact]
    public void A_reset_that_fails_is_told_and_the_connection_goes_on()
    {
        rig.Model.Resets = () => throw new InvalidOperationException("the author's mistake");
        client.ShouldRefuse(Errno.EIO, Commands.Reset, []);
        rig.ShouldLog("DeviceReset failed: the author's mistake");
        rig.Model.Resets = () => ValueTask.CompletedTask;
        client.ShouldAnswer(Commands.Reset, [], []);
    }

    [Fact]
    public void The_function_s_own_register_resets_it_too()
    {
        ulong express = client.FindCapability(0x10);
        rig.Model.Value = 77;
        client.Write(7, express + 9, 0x80); // Initiate Function Level Reset
        Patience.Until(() => rig.Model.Calls.Contains("resume"));
        rig.Model.Value.ShouldBe(0UL);
        (client.Read(7, express + 9, 1)[0] & 0x80).ShouldBe(0);
    }
}
