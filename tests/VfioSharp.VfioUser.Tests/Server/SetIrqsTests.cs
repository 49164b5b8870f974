using System.IO.Pipes;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Which DEVICE_SET_IRQS are good, and what becomes of descriptors that come with those that are not.</summary>
public sealed class SetIrqsTests : IAsyncDisposable
{
    private const uint None = Payloads.DataNone;
    private const uint Bool = Payloads.DataBool;
    private const uint EventFds = Payloads.DataEventFd;
    private const uint Mask = Payloads.Mask;
    private const uint Unmask = Payloads.Unmask;
    private const uint Trigger = Payloads.Trigger;

    private static readonly uint[] Vectors = [1, 4, Layouts.Vectors, 1, 1];

    private readonly ServerRig rig = new();
    private readonly RawClient client;
    private readonly EventFd[] eventFds = Events.Create(Layouts.Vectors + 1);

    public SetIrqsTests() => client = rig.Greeted();

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        Array.ForEach(eventFds, eventFd => OpenFiles.CountOf(eventFd.File).ShouldBe(1, "nothing of a client's stays open"));
        Array.ForEach(eventFds, eventFd => eventFd.Dispose());
    }

    [Fact]
    public void Every_kind_takes_every_data_for_what_it_can_do()
    {
        for (uint kind = 0; kind < 5; kind++)
        {
            foreach (uint data in (uint[])[None, Bool, EventFds])
            {
                foreach (uint action in (uint[])[Mask, Unmask, Trigger])
                {
                    // Errors and requests are told, not masked.
                    bool isGood = kind < 3 || action == Trigger;
                    byte[] payload = Payloads.SetIrqs(kind, data | action, 0, 1, data == Bool ? [1] : []);
                    FileDescriptor[] files = data == EventFds ? [eventFds[0].File] : [];
                    Set(isGood, payload, files);
                }
            }
        }
    }

    [Fact]
    public void Exactly_one_kind_of_data_and_one_action_are_asked_for()
    {
        for (uint flags = 0; flags < 64; flags++)
        {
            bool isGood = uint.IsPow2(flags & 7) && uint.IsPow2(flags >> 3);
            Set(isGood, Payloads.SetIrqs(2, flags, 0, 1, (flags & 7) == Bool ? [0] : []));
        }

        for (int bit = 6; bit < 32; bit++)
        {
            Set(false, Payloads.SetIrqs(2, None | Trigger | (1u << bit), 0, 1));
        }
    }

    [Theory]
    [InlineData(5u)]
    [InlineData(6u)]
    [InlineData(uint.MaxValue)]
    public void A_kind_that_there_is_not_is_refused(uint kind) => Set(false, Payloads.SetIrqs(kind, None | Trigger, 0, 0));

    [Theory]
    [InlineData(0u, false)]
    [InlineData(19u, false)]
    [InlineData(20u, true)]
    [InlineData(24u, true)]
    public void Its_own_size_is_held_against_the_structure(uint argsz, bool isGood) => Set(isGood, Payloads.SetIrqs(2, None | Trigger, 0, 1, argsz: argsz));

    [Fact]
    public void Vectors_are_held_against_those_that_there_are()
    {
        for (uint kind = 0; kind < 5; kind++)
        {
            uint count = Vectors[kind];
            foreach ((uint Start, uint Count, bool IsGood) range in ((uint, uint, bool)[])[
                (0, count, true), (count - 1, 1, true), (0, count + 1, false), (count, 1, false), (count - 1, 2, false), (uint.MaxValue, 1, false), (1, uint.MaxValue, false),
                (0, uint.MaxValue, false), (0x80000000, 0x80000001, false), (count, 0, false), (1, 0, false)])
            {
                Set(range.IsGood, Payloads.SetIrqs(kind, None | Trigger, range.Start, range.Count));
            }
        }
    }

    [Fact]
    public void No_vectors_at_all_means_to_turn_the_kind_off_and_nothing_else()
    {
        for (uint kind = 0; kind < 5; kind++)
        {
            Set(true, Payloads.SetIrqs(kind, None | Trigger, 0, 0));
            Set(false, Payloads.SetIrqs(kind, None | Mask, 0, 0));
            Set(false, Payloads.SetIrqs(kind, None | Unmask, 0, 0));
            Set(false, Payloads.SetIrqs(kind, Bool | Trigger, 0, 0));
            Set(false, Payloads.SetIrqs(kind, EventFds | Trigger, 0, 0));
        }
    }

    [Theory]
    [InlineData(0, false)]
    [InlineData(3, false)]
    [InlineData(4, true)]
    [InlineData(5, false)]
    [InlineData(4096, false)]
    public void There_is_a_yes_or_no_for_each_vector(int given, bool isGood) => Set(isGood, Payloads.SetIrqs(2, Bool | Trigger, 0, 4, new byte[given]));

    [Theory]
    [InlineData(None)]
    [InlineData(Bool)]
    public void Descriptors_without_use_are_refused_and_closed(uint data)
    {
        Set(false, Payloads.SetIrqs(2, data | Trigger, 0, 1, data == Bool ? [1] : []), eventFds[0].File);
        OpenFiles.CountOf(eventFds[0].File).ShouldBe(1);
    }

    [Theory]
    [InlineData(0, true)]
    [InlineData(1, false)]
    [InlineData(2, false)]
    [InlineData(3, true)]
    [InlineData(4, false)]
    [InlineData(5, false)]
    public void As_many_eventfds_come_as_vectors_or_none_at_all(int given, bool isGood)
    {
        Set(isGood, Payloads.SetIrqs(2, EventFds | Trigger, 1, 3), [.. eventFds.Take(given).Select(eventFd => eventFd.File)]);
        eventFds.Select(eventFd => OpenFiles.CountOf(eventFd.File)).ShouldBe(Enumerable.Range(0, 5).Select(i => isGood && i < given ? 2 : 1));
    }

    [Theory]
    [InlineData("file")]
    [InlineData("memory")]
    [InlineData("socket")]
    [InlineData("pipe")]
    [InlineData("device")]
    [InlineData("folder")]
    public void What_is_no_eventfd_is_refused_and_closed_and_nothing_is_written_to_it(string what)
    {
        using AnonymousPipeServerStream pipe = new(PipeDirection.In);
        using AnonymousPipeClientStream pipeEnd = new(PipeDirection.Out, pipe.ClientSafePipeHandle);
        UnixSocket.CreatePair(out UnixSocket? one, out UnixSocket? other).ShouldBe(Errno.None);
        string path = Path.GetTempFileName();
        using FileDescriptor odd = what switch
        {
            "file" => FileDescriptor.Open(path, 2, out _)!,
            "memory" => MemoryFile.Create("odd", 4096, 0, out _)!.File,
            "socket" => one!.File,
            "pipe" => FileDescriptor.Open($"/proc/self/fd/{pipeEnd.SafePipeHandle.DangerousGetHandle()}", 1, out _)!,
            "device" => FileDescriptor.Open("/dev/null", 2, out _)!,
            _ => FileDescriptor.Open("/", 0, out _)!,
        };
        int before = OpenFiles.CountOf(odd);
        client.Do(Commands.SetIrqs, Payloads.SetIrqs(2, EventFds | Trigger, 0, 1), eventFds[0].File);
        foreach (uint action in (uint[])[Mask, Unmask, Trigger])
        {
            Set(false, Payloads.SetIrqs(2, EventFds | action, 0, 3), eventFds[1].File, odd, eventFds[2].File);
            Set(false, Payloads.SetIrqs(0, EventFds | action, 0, 1), odd);
        }

        OpenFiles.CountOf(odd).ShouldBe(before);
        (OpenFiles.CountOf(eventFds[1].File), OpenFiles.CountOf(eventFds[2].File)).ShouldBe((1, 1));
        rig.Model.PowerOn().Raise(0);
        eventFds[0].Take().ShouldBe(1UL, "what was there before is there still");
        new FileInfo(path).Length.ShouldBe(0);
        other!.File.IsReady(PollFlags.POLLIN).ShouldBeFalse();
        File.Delete(path);
        one!.Dispose();
        other.Dispose();
    }

    private void Set(bool isGood, byte[] payload, params FileDescriptor[] files)
    {
        if (isGood)
        {
            client.Do(Commands.SetIrqs, payload, files);
        }
        else
        {
            client.ShouldRefuse(Errno.EINVAL, Commands.SetIrqs, payload, files);
        }
    }
}
