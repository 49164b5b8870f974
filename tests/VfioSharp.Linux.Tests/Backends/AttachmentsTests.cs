using VfioSharp.Devices;
using VfioSharp.Linux.Backends;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Tests.Backends;

public class AttachmentsTests
{
    private static readonly PciAddress First = PciAddress.Parse("0000:01:00.0");
    private static readonly PciAddress Second = PciAddress.Parse("0000:01:00.1");

    [Fact]
    public void A_group_is_taken_once_and_given_back_with_its_last_function()
    {
        var attachments = new Attachments();
        int group = FakeAttachment.NextGroup;
        var taken = new FakeAttachment { Group = group };
        attachments.BackendOf(group).ShouldBeNull();
        attachments.Acquire(group, VfioBackend.Group, First, () => taken).ShouldBeSameAs(taken);
        attachments.Acquire(group, VfioBackend.Group, Second, () => throw new InvalidOperationException()).ShouldBeSameAs(taken);
        attachments.BackendOf(group).ShouldBe(VfioBackend.Group);

        attachments.Release(taken, First);
        attachments.Release(taken, First); // no share twice
        taken.IsGivenBack.ShouldBeFalse();
        attachments.Release(taken, Second);
        taken.IsGivenBack.ShouldBeTrue();
        attachments.BackendOf(group).ShouldBeNull();

        var again = new FakeAttachment { Group = group };
        attachments.Acquire(group, VfioBackend.Group, First, () => again).ShouldBeSameAs(again);
    }

    [Fact]
    public void A_function_is_opened_once_in_a_process()
    {
        var attachments = new Attachments();
        int group = FakeAttachment.NextGroup;
        var taken = new FakeAttachment { Group = group };
        attachments.Acquire(group, VfioBackend.Group, First, () => taken);
        Should.Throw<DeviceBusyException>(() => attachments.Acquire(group, VfioBackend.Group, First, () => taken)).Message.ShouldContain("in this process already");
        attachments.Release(taken, First);
        taken.IsGivenBack.ShouldBeTrue();
    }

    [Fact]
    public void A_group_is_held_in_one_way()
    {
        var attachments = new Attachments();
        int group = FakeAttachment.NextGroup;
        var taken = new FakeAttachment(VfioBackend.IommuFd) { Group = group };
        attachments.Acquire(group, VfioBackend.IommuFd, First, () => taken);
        Should.Throw<DeviceBusyException>(() => attachments.Acquire(group, VfioBackend.Group, Second, () => taken)).Message.ShouldContain("IommuFd");
        attachments.Release(taken, First);
        taken.IsGivenBack.ShouldBeTrue();
    }

    [Fact]
    public void A_group_that_could_not_be_taken_is_not_held()
    {
        var attachments = new Attachments();
        int group = FakeAttachment.NextGroup;
        Should.Throw<PciException>(() => attachments.Acquire(group, VfioBackend.Group, First, () => throw new PciException("open", "no")));
        attachments.BackendOf(group).ShouldBeNull();
        attachments.FindProofs([group]).ShouldBeNull();
    }
}
