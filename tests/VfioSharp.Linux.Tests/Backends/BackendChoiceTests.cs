using VfioSharp.Linux.Backends;

namespace VfioSharp.Linux.Tests.Backends;

public class BackendChoiceTests
{
    [Theory]
    [InlineData(true, true, false, false, VfioBackend.IommuFd)]
    [InlineData(false, true, false, false, VfioBackend.Group)]
    [InlineData(false, false, false, false, VfioBackend.Group)] // whose refusal then says what is missing
    [InlineData(true, true, true, false, VfioBackend.Group)] // a secret to show
    [InlineData(true, true, false, true, VfioBackend.Group)] // the group's override alone is on
    [InlineData(true, false, true, true, VfioBackend.IommuFd)] // there is no other way
    public void What_the_host_offers_is_taken(bool hasIommuFd, bool hasGroup, bool mustShowToken, bool isRefused, VfioBackend expected) =>
        BackendChoice.Choose(null, hasIommuFd, hasGroup, mustShowToken, isRefused).ShouldBe(expected);

    [Theory]
    [InlineData(VfioBackend.Group)]
    [InlineData(VfioBackend.IommuFd)]
    public void A_group_that_is_held_is_shared_in_the_same_way(VfioBackend held) =>
        BackendChoice.Choose(held, hasIommuFd: true, hasGroup: true, mustShowToken: true, isRefusedByIommuFd: false).ShouldBe(held);
}
