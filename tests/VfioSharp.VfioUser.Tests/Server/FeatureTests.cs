using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>DEVICE_FEATURE: which features there are, and what can be done with them.</summary>
public sealed class FeatureTests : IAsyncDisposable
{
    private const uint Get = Payloads.Get;
    private const uint Set = Payloads.Set;
    private const uint Probe = Payloads.Probe;

    private static readonly Dictionary<uint, uint> Methods = new()
    {
        [Payloads.Migration] = Get,
        [Payloads.DeviceState] = Get | Set,
        [Payloads.LogStart] = Set,
        [Payloads.LogStop] = Set,
        [Payloads.LogReport] = Get,
    };

    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public FeatureTests() => client = rig.Greeted();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void A_feature_is_probed_for_what_can_be_done_with_it()
    {
        for (uint feature = 0; feature < 16; feature++)
        {
            uint methods = Methods.GetValueOrDefault(feature);
            foreach (uint asked in (uint[])[0, Get, Set, Get | Set])
            {
                byte[] request = Payloads.Feature(feature | Probe | asked);
                if (methods != 0 && (asked & ~methods) == 0)
                {
                    client.ShouldAnswer(Commands.Feature, request, request);
                }
                else
                {
                    client.ShouldRefuse(Errno.ENOTTY, Commands.Feature, request);
                }
            }
        }

        client.ShouldRefuse(Errno.ENOTTY, Commands.Feature, Payloads.Feature(0xFFFF | Probe));
    }

    [Fact]
    public void What_cannot_be_done_with_a_feature_is_refused()
    {
        for (uint feature = 0; feature < 16; feature++)
        {
            foreach (uint method in (uint[])[Get, Set])
            {
                if ((Methods.GetValueOrDefault(feature) & method) == 0)
                {
                    client.ShouldRefuse(Errno.ENOTTY, Commands.Feature, Payloads.Feature(feature | method, new byte[32]));
                }
            }
        }
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(Get | Set)]
    [InlineData(1u << 19)]
    [InlineData(Get | (1u << 19))]
    [InlineData(Probe | (1u << 31))]
    public void Methods_that_cannot_be_are_refused(uint methods) =>
        client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.Feature(Payloads.DeviceState | methods, new byte[8]));

    [Theory]
    [InlineData(0u)]
    [InlineData(7u)]
    public void Its_own_size_is_held_against_the_structure(uint argsz)
    {
        client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.Feature(Payloads.Migration | Probe, argsz: argsz));
        client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.Feature(Payloads.DeviceState | Set, new Bytes().U32(1, 0), argsz));
    }

    [Fact]
    public void Who_asks_is_told_what_there_is_where_there_is_room_for_it()
    {
        client.ShouldAnswer(Commands.Feature, Payloads.Feature(Payloads.Migration | Get, argsz: 16), new Bytes().U32(16, Payloads.Migration | Get).U64(1));
        client.ShouldAnswer(Commands.Feature, Payloads.Feature(Payloads.Migration | Get, argsz: 1000), new Bytes().U32(16, Payloads.Migration | Get).U64(1));
        client.ShouldAnswer(Commands.Feature, Payloads.Feature(Payloads.DeviceState | Get, argsz: 16), new Bytes().U32(16, Payloads.DeviceState | Get, 2, 0));
        for (uint argsz = 8; argsz < 16; argsz++)
        {
            client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.Feature(Payloads.Migration | Get, argsz: argsz));
            client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.Feature(Payloads.DeviceState | Get, argsz: argsz));
        }
    }

    [Fact]
    public async Task A_function_that_cannot_be_taken_elsewhere_has_no_features()
    {
        await using var fixedRig = new ServerRig(Layouts.Whole with { CanMigrate = false });
        RawClient other = fixedRig.Greeted();
        foreach (uint feature in Methods.Keys)
        {
            other.ShouldRefuse(Errno.ENOTTY, Commands.Feature, Payloads.Feature(feature | Probe));
        }

        other.ShouldRefuse(Errno.ENOTTY, Commands.Feature, Payloads.State(1));
        other.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(10));
        other.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(1, [1]));
    }
}
