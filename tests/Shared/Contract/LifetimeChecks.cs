using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Tests.Contract;

/// <summary>What resets, closing and removal keep to.</summary>
internal static class LifetimeChecks
{
    public static IEnumerable<ContractCheck> All =>
    [
        new("A reset brings registers to their defaults and leaves the function usable", ContractFeatures.Reset | ContractFeatures.Scratch, Reset),
        new("Vectors that were enabled before a reset still work", ContractFeatures.Reset | ContractFeatures.Msix, ResetWithVectors),
        new("Buffers that were shown before a reset still are", ContractFeatures.Reset | ContractFeatures.Dma, ResetWithBuffers),
        new("Registers of a closed function read as all ones and take no writes", ContractFeatures.None, ClosedRegisters),
        new("Waits end when the function is closed", ContractFeatures.Msix, ClosedWaits),
        new("A closed function gives nothing any more, and closing it twice is no error", ContractFeatures.None, ClosedMembers),
        new("A closed function can be opened again", ContractFeatures.None, OpenedAgain),
        new("A function is asked for: Removing fires, waits end, and it still answers", ContractFeatures.Removal | ContractFeatures.Msix, AskedFor),
        new("A function vanishes: Removing fires, waits end, registers read as all ones", ContractFeatures.Loss | ContractFeatures.Msix, Vanished),
    ];

    private static Task Reset(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        ContractRegister register = subject.Scratch;
        rig.Write(register, ~register.Value);
        await rig.Function.ResetAsync(stop);
        Contract.Equal(rig.Read(register), register.Value, "the register after a reset");
        Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "the identifying register after a reset");
        PciCommand command = rig.Function.Configuration.ReadCommand();
        Contract.Holds((command & (PciCommand.MemorySpace | PciCommand.BusMaster)) == (PciCommand.MemorySpace | PciCommand.BusMaster), $"Command is {command} after a reset");
        Contract.Holds(rig.Function.Bars.Any(bar => bar.IsImplemented), "the function has no BARs after a reset");
    });

    private static Task ResetWithVectors(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using MsixVectors vectors = await rig.Function.EnableMsixAsync(2, stop);
        rig.PrepareToFire();
        rig.Fire(1);
        await vectors[1].WaitAsync(stop);
        await rig.Function.ResetAsync(stop);
        rig.PrepareToFire();
        for (int vector = 0; vector < vectors.Count; vector++)
        {
            rig.Fire(vector);
            await vectors[vector].WaitAsync(stop);
        }
    });

    private static Task ResetWithBuffers(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        var options = new DmaOptions { AddressMask = subject.AddressMask };
        using DmaBuffer source = rig.Function.Dma.Allocate(4096, options);
        using DmaBuffer target = rig.Function.Dma.Allocate(4096, options);
        source.Span.Fill(0x3C);
        await rig.Function.ResetAsync(stop);
        Contract.Holds(source.Span.IndexOfAnyExcept((byte)0x3C) < 0, "a reset changed a buffer");
        await rig.CopyAsync(source.Iova, target.Iova, 64, stop);
        Contract.Holds(target.Span[..64].IndexOfAnyExcept((byte)0x3C) < 0, "the function does not copy after a reset");
    });

    private static async Task ClosedRegisters(ContractSubject subject, CancellationToken stop)
    {
        PciFunction function = await subject.OpenAsync(stop);
        using ContractRig rig = subject.Prepare(function);
        Bar bar = rig.Bar(subject.Identifying.Bar);
        Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "the identifying register");
        await function.DisposeAsync();
        Contract.Holds(function.IsLost, "a closed function says it is not gone");
        ulong offset = subject.Identifying.Offset;
        Contract.Equal(bar.Registers.Read8(offset), byte.MaxValue, "a late byte");
        Contract.Equal(bar.Registers.Read16(offset), ushort.MaxValue, "a late read of 2 bytes");
        Contract.Equal(bar.Registers.Read32(offset), uint.MaxValue, "a late read of 4 bytes");
        Contract.Equal(bar.Registers.Read64(offset & ~7UL), ulong.MaxValue, "a late read of 8 bytes");
        foreach (var range in bar.Mapped.Concat(bar.Trapped))
        {
            Contract.Equal(bar.Registers.Read8(range.End - 1), byte.MaxValue, $"the last byte of {range}, late,");
        }

        bar.Registers.Write8(offset, 0);
        bar.Registers.Write32(offset, 0);
        Contract.Equal(bar.Registers.Read32(offset), uint.MaxValue, "a late read after a late write");
        Contract.Equal(function.Configuration.Read32(0), uint.MaxValue, "late configuration space");
        function.Configuration.Write16(4, 0);
        bar.Dispose();
        Contract.Equal(bar.Registers.Read32(offset), uint.MaxValue, "a late read of a BAR disposed late");
    }

    private static async Task ClosedWaits(ContractSubject subject, CancellationToken stop)
    {
        PciFunction function = await subject.OpenAsync(stop);
        using ContractRig rig = subject.Prepare(function);
        MsixVectors vectors = await function.EnableMsixAsync(2, stop);
        InterruptVector vector = vectors[1];
        ValueTask wait = vectors[0].WaitAsync(stop);
        await function.DisposeAsync();
        await Contract.ThrowsAsync<ObjectDisposedException>(async () => await wait, "a wait for a function that is closed");
        await Contract.ThrowsAsync<ObjectDisposedException>(async () => await vector.WaitAsync(stop), "a wait for a closed function");
        vectors.Dispose();
    }

    private static async Task ClosedMembers(ContractSubject subject, CancellationToken stop)
    {
        PciFunction function = await subject.OpenAsync(stop);
        DmaBuffer buffer = function.Dma.Allocate(4096, new DmaOptions { AddressMask = subject.AddressMask });
        int bar = subject.Identifying.Bar;
        await function.DisposeAsync();
        await function.DisposeAsync();
        buffer.Dispose();
        Contract.Throws<ObjectDisposedException>(() => function.MapBar(bar), "mapping a BAR of a closed function");
        Contract.Throws<ObjectDisposedException>(() => function.Dma.Allocate(4096), "memory for a closed function");
        await Contract.ThrowsAsync<ObjectDisposedException>(async () => await function.ResetAsync(stop), "a reset of a closed function");
        if (function.MsixVectorCount > 0)
        {
            await Contract.ThrowsAsync<ObjectDisposedException>(async () => await function.EnableMsixAsync(1, stop), "enabling vectors of a closed function");
        }
    }

    private static async Task OpenedAgain(ContractSubject subject, CancellationToken stop)
    {
        for (int round = 0; round < 3; round++)
        {
            await using PciFunction function = await subject.OpenAsync(stop);
            using ContractRig rig = subject.Prepare(function);
            Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "the identifying register");
        }
    }

    private static Task AskedFor(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using MsixVectors vectors = await rig.Function.EnableMsixAsync(2, stop);
        uint seen = 0;
        using CancellationTokenRegistration callback = rig.Function.Removing.Register(() => seen = rig.Read(subject.Identifying));
        ValueTask wait = vectors[0].WaitAsync(stop);
        Contract.Holds(!rig.Function.Removing.IsCancellationRequested, "the function is asked for before it is");
        await subject.AskForRemovalAsync(rig.Function);
        await Contract.ThrowsAsync<DeviceLostException>(async () => await wait, "a wait for a function that is asked for");
        await Contract.ThrowsAsync<DeviceLostException>(async () => await vectors[1].WaitAsync(stop), "a wait for a function that was asked for");
        Contract.Holds(rig.Function.Removing.IsCancellationRequested, "nobody says that the function is asked for");
        Contract.Equal(seen, subject.Identifying.Value, "the identifying register, read when the function was asked for,");
        Contract.Holds(!rig.Function.IsLost, "a function that was asked for says it is gone");
        Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "the identifying register afterwards");
    });

    private static Task Vanished(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, async rig =>
    {
        using MsixVectors vectors = await rig.Function.EnableMsixAsync(2, stop);
        Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "the identifying register");
        ValueTask wait = vectors[0].WaitAsync(stop);
        await subject.LoseAsync(rig.Function);
        await Contract.ThrowsAsync<DeviceLostException>(async () => await wait, "a wait for a function that vanishes");
        Contract.Holds(rig.Function.Removing.IsCancellationRequested, "nobody says that the function is gone");
        Contract.Holds(rig.Function.IsLost, "a function that vanished says it is there");
        Contract.Equal(rig.Bar(subject.Identifying.Bar).Registers.Read32(subject.Identifying.Offset), uint.MaxValue, "a register of a function that vanished");
        Contract.Equal(rig.Function.Configuration.Read32(0), uint.MaxValue, "configuration space of a function that vanished");
        Contract.Throws<DeviceLostException>(() => rig.Function.MapBar(subject.Identifying.Bar), "mapping a BAR of a function that vanished");
        Contract.Throws<DeviceLostException>(() => rig.Function.Dma.Allocate(4096), "memory for a function that vanished");
        await Contract.ThrowsAsync<DeviceLostException>(async () => await vectors[1].WaitAsync(stop), "a wait for a function that vanished");
    });
}
