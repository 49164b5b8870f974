using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a client can do with the memory that it shows.</summary>
internal static class MemoryCases
{
    private const ulong Address = 0x10_0000;
    private const uint Length = 0x1_0000;

    public static IEnumerable<HostileCase> All =>
    [
        new("memory cut short that can be sealed", null, CutSealed) { InEveryMode = true },
        new("memory cut short that cannot be sealed", "memory", CutUnsealed) { InEveryMode = true },
        new("memory cut short and grown all the time", "memory", CutMeanwhile),
        new("memory with holes punched into it", null, PunchMeanwhile),
        new("memory shorter than was said", "do not lie in its file", ShowShort),
        new("files that are no memory", "file", ShowOthers) { MaxWarnings = 16 },
        new("memory that may not be written", "cannot be mapped", ShowReadOnly) { MaxWarnings = 4 },
        new("overlapping memory", null, Overlap),
        new("memory taken away that was not shown", null, UnmapOthers),
        new("200,000 pieces of memory", null, attack => ShowMany(attack, withFile: false)),
        new("200,000 pieces of memory with descriptors", "mapped as much as they may", attack => ShowMany(attack, withFile: true)) { MaxWarnings = 16 },
        new("all of memory, from many clients", "mapped as much as they may", ShowAll) { MaxWarnings = 64 },
        new("memory refused without end", "file", RefuseMany) { MaxWarnings = 16 },
    ];

    private static void CutSealed(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = Show(attack, client, sealable: true);
        memory.SetLength(0).ShouldBe(Errno.EPERM);
        ReadMemory(client).ShouldBe((1u, 0u));
    }

    private static void CutUnsealed(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = Show(attack, client, sealable: false);
        ReadMemory(client).ShouldBe((1u, 0u));
        memory.SetLength(0).ShouldBe(Errno.None);
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory));
        client.HasEnded().ShouldBeTrue();
    }

    private static void CutMeanwhile(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = Show(attack, client, sealable: false);
        using var over = new CancellationTokenSource();
        Task cutting = Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                memory.SetLength(0x800);
                memory.SetLength(Length);
            }
        });
        try
        {
            client.SendUntilEnded(Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.NoReply, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.WriteMemory)));
        }
        finally
        {
            over.Cancel();
            cutting.Wait();
        }
    }

    // fallocate(2) has no name here; a file that is grown after it was cut is made of holes as well.
    private static void PunchMeanwhile(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = attack.Memory(Length);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length), memory).Error.ShouldBe(Errno.None);
        memory.SetLength(Length * 2).ShouldBe(Errno.None); // becoming longer is nobody's harm
        Prepare(client);
        for (int i = 0; i < Attack.Times(100); i++)
        {
            client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.WriteMemory)).Error.ShouldBe(Errno.None);
        }
    }

    private static void ShowShort(Attack attack)
    {
        RawClient client = attack.Greet();
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length), attack.Memory(Length - 1)).Error.ShouldBe(Errno.EINVAL);
        client.IsServed().ShouldBeTrue();
    }

    private static void ShowOthers(Attack attack)
    {
        RawClient client = attack.Greet();
        using var pipes = new Pipes();
        string disk = attack.House.Path + ".disk";
        File.WriteAllBytes(disk, new byte[Length]);
        FileDescriptor[] files =
        [
            attack.Open("/dev/zero"), attack.Open("/dev/null"), attack.Open(disk), attack.Open(Path.GetDirectoryName(disk)!, OpenFlags.O_RDONLY), pipes.Full, pipes.Empty,
            attack.EventFd().File, client.Socket.File, attack.Open("/proc/self/maps", OpenFlags.O_RDONLY), attack.Open("/proc/self/mem"),
        ];
        foreach (FileDescriptor file in files)
        {
            client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, 0x1000), file).Error.ShouldNotBe(Errno.None);
        }

        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, 0x1000)).Error.ShouldBe(Errno.None);
        File.Delete(disk);
    }

    private static void ShowReadOnly(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = attack.Memory(Length);
        FileDescriptor readOnly = attack.Open($"/proc/self/fd/{memory.Number}", OpenFlags.O_RDONLY);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length), readOnly).Error.ShouldBe(Errno.EACCES);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length, flags: 1), readOnly).Error.ShouldBe(Errno.None);
        FileDescriptor sealedMemory = attack.Memory(Length);
        sealedMemory.Control(FileControl.F_ADD_SEALS, FileControl.F_SEAL_WRITE, out _).ShouldBe(Errno.None);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address + Length, Length), sealedMemory).Error.ShouldBe(Errno.EPERM);

        // It may be read, and only that.
        Prepare(client);
        ReadMemory(client).ShouldBe((1u, 0u));
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.WriteMemory)).Error.ShouldBe(Errno.None);
        Counts(client).ShouldBe((1u, 1u));
    }

    private static void Overlap(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = attack.Memory(Length);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length), memory).Error.ShouldBe(Errno.None);
        foreach ((ulong address, ulong length) in (ReadOnlySpan<(ulong, ulong)>)[(Address, Length), (Address - 1, 2), (Address + Length - 1, 2), (Address + 1, 1), (Address - 1, Length + 2), (0, Address + 1)])
        {
            client.Ask(MessageCommand.DmaMap, Payloads.Map(address, length)).Error.ShouldBe(Errno.EEXIST);
            client.Ask(MessageCommand.DmaMap, Payloads.Map(address, length), attack.Memory((long)length)).Error.ShouldBe(Errno.EEXIST);
        }

        client.Ask(MessageCommand.DmaMap, Payloads.Map(0, Address)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address + Length, 1)).Error.ShouldBe(Errno.None);
    }

    private static void UnmapOthers(Attack attack)
    {
        RawClient client = attack.Greet();
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length)).Error.ShouldBe(Errno.None);
        foreach ((ulong address, ulong length) in (ReadOnlySpan<(ulong, ulong)>)[(Address, Length - 1), (Address + 1, Length - 1), (0, Address + 1), (Address + Length - 1, 2)])
        {
            client.Ask(MessageCommand.DmaUnmap, Payloads.Unmap(address, length)).Error.ShouldBe(Errno.ENOENT);
        }

        foreach ((ulong address, ulong length) in (ReadOnlySpan<(ulong, ulong)>)[(0, 0), (ulong.MaxValue, 2), (ulong.MaxValue, ulong.MaxValue)])
        {
            client.Ask(MessageCommand.DmaUnmap, Payloads.Unmap(address, length)).Error.ShouldBe(Errno.EINVAL);
        }

        client.Ask(MessageCommand.DmaUnmap, Payloads.Unmap(Address, Length, flags: 2)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.DmaUnmap, Payloads.Unmap(Address, Length, flags: 1)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.DmaUnmap, Payloads.Unmap(0, 0, flags: 2)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.DmaUnmap, Payloads.Unmap(0, 0, flags: 2)).Error.ShouldBe(Errno.None);
    }

    private static void ShowMany(Attack attack, bool withFile)
    {
        RawClient client = attack.Greet();
        FileDescriptor[] along = withFile ? [attack.Memory(0x1000)] : [];
        int maps = withFile ? Attack.Times(40_000, 5) : 200_000;
        int shown = 0;
        for (int at = 0; at < maps;)
        {
            int burst = Math.Min(64, maps - at);
            for (int i = 0; i < burst; i++, at++)
            {
                client.Send(MessageCommand.DmaMap, Payloads.Map((ulong)at * 0x2000, 0x1000), MessageFlags.None, along);
            }

            for (int i = 0; i < burst; i++)
            {
                Errno error = client.Receive().ShouldNotBeNull().Error;
                error.ShouldBeOneOf(Errno.None, Errno.ENOSPC);
                shown += error == Errno.None ? 1 : 0;
            }
        }

        shown.ShouldBeInRange(1, 65535);
        client.IsServed().ShouldBeTrue();
    }

    // What the peers of a process may map in all is bounded, for the process needs some itself; one more client must find something left of that.
    private static void ShowAll(Attack attack)
    {
        FileDescriptor memory = attack.Memory(1L << 44);
        foreach (House house in attack.Houses.Skip(1).Take(8))
        {
            RawClient client = attack.Greet(house);
            for (ulong i = 0; i < 32; i++)
            {
                client.Ask(MessageCommand.DmaMap, Payloads.Map(i << 40, 1UL << 40, i), memory).Error.ShouldBeOneOf(Errno.None, Errno.ENOSPC, Errno.EINVAL);
            }
        }

        Show(attack, attack.Greet(), sealable: true);
    }

    private static void RefuseMany(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor file = attack.Open("/dev/zero");
        for (int i = 0; i < Attack.Times(500); i++)
        {
            client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, 0x1000), file).Error.ShouldNotBe(Errno.None);
        }
    }

    private static FileDescriptor Show(Attack attack, RawClient client, bool sealable)
    {
        FileDescriptor memory = attack.Memory(Length, sealable);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, Length), memory).Error.ShouldBe(Errno.None);
        Prepare(client);
        return memory;
    }

    // The function masters the bus from here on.
    private static void Prepare(RawClient client)
    {
        client.Ask(MessageCommand.DeviceReset, []).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write(SoakFunction.Configuration, 4, 7, 0)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write(0, SoakFunction.Address, Payloads.Of(Address))).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Length, Length)).Error.ShouldBe(Errno.None);
    }

    private static (uint Successes, uint Failures) ReadMemory(RawClient client)
    {
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory)).Error.ShouldBe(Errno.None);
        return Counts(client);
    }

    private static (uint Successes, uint Failures) Counts(RawClient client)
    {
        return (Read(SoakFunction.Successes), Read(SoakFunction.Failures));

        uint Read(ulong register) => MemoryMarshal.Read<uint>(client.Ask(MessageCommand.RegionRead, Payloads.Read(0, register, 4)).Payload.AsSpan(16));
    }
}
