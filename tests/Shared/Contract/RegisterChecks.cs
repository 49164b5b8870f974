using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Tests.Contract;

/// <summary>What configuration space, BARs and registers keep to.</summary>
internal static class RegisterChecks
{
    public static IEnumerable<ContractCheck> All =>
    [
        new("Configuration space tells which function it is", ContractFeatures.None, Identity),
        new("Configuration space takes no access outside it, and none that is not aligned", ContractFeatures.None, ConfigurationBounds),
        new("BARs have lengths, and only those that are there can be mapped", ContractFeatures.None, Bars),
        new("What is mapped and what is trapped of a BAR is all of it, once", ContractFeatures.None, Coverage),
        new("A register reads the same through the mapping and through the region", ContractFeatures.None, TwoWays),
        new("A register reads the same in any width", ContractFeatures.Scratch | ContractFeatures.NarrowAccess, Widths),
        new("A register takes no access outside its BAR, and none that is not aligned", ContractFeatures.None, Bounds),
        new("What is written to a register is read back, both ways", ContractFeatures.Scratch, WriteBack),
        new("The MSI-X table is where it is said to be, and nobody writes it", ContractFeatures.Msix, TableIsNotWritten),
        new("Memory decoding cannot be turned off under a mapping", ContractFeatures.None, DecodingStaysOn),
        new("The function cannot be put to sleep under a mapping", ContractFeatures.None, StaysAwake),
        new("A disposed BAR reads as all ones, and another mapping of it stays", ContractFeatures.Scratch, DisposedBar),
    ];

    private static Task Identity(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ConfigurationSpace configuration = rig.Function.Configuration.Read();
        Contract.Equal(configuration.VendorId, subject.VendorId, "the vendor ID");
        Contract.Equal(configuration.DeviceId, subject.DeviceId, "the device ID");
        Contract.Equal(rig.Function.Configuration.Read16(0), subject.VendorId, "the vendor ID, read by itself");
        Contract.Equal(rig.Function.Configuration.Read32(0), ((uint)subject.DeviceId << 16) | subject.VendorId, "both IDs, read at once");
        Contract.Equal(rig.Function.Configuration.Read8(3), (byte)(subject.DeviceId >> 8), "the last byte of both");
        Contract.Holds(configuration.Length is 256 or 4096, $"configuration space has {configuration.Length} bytes");
        Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "the identifying register");
        PciCommand command = rig.Function.Configuration.ReadCommand();
        Contract.Holds((command & (PciCommand.MemorySpace | PciCommand.BusMaster)) == (PciCommand.MemorySpace | PciCommand.BusMaster), $"an open function's Command is {command}");
        return Task.CompletedTask;
    });

    private static Task ConfigurationBounds(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ConfigurationRegisters registers = rig.Function.Configuration;
        Contract.Throws<ArgumentOutOfRangeException>(() => registers.Read8(registers.Length), "a read at the end");
        Contract.Throws<ArgumentOutOfRangeException>(() => registers.Read8(-1), "a read before the start");
        Contract.Throws<ArgumentException>(() => registers.Read32(registers.Length - 2), "a read across the end");
        Contract.Throws<ArgumentException>(() => registers.Read16(1), "a read of 2 bytes at 1");
        Contract.Throws<ArgumentException>(() => registers.Write32(0x12, 0), "a write of 4 bytes at 0x12");
        return Task.CompletedTask;
    });

    private static Task Bars(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        Contract.Throws<ArgumentOutOfRangeException>(() => rig.Function.MapBar(6), "mapping BAR 6");
        Contract.Throws<ArgumentOutOfRangeException>(() => rig.Function.MapBar(-1), "mapping BAR -1");
        foreach (BarResource bar in rig.Function.Bars.Take(6))
        {
            if (bar.IsImplemented && bar.Length > 0)
            {
                Contract.Equal(rig.Bar(bar.Index).Length, bar.Length, $"the length of BAR {bar.Index}");
                Contract.Equal(rig.Bar(bar.Index).Registers.Length, bar.Length, $"the length of BAR {bar.Index}'s registers");
            }
            else
            {
                Contract.Throws<ArgumentException>(() => rig.Function.MapBar(bar.Index), $"mapping BAR {bar.Index}, which is none,");
            }
        }

        return Task.CompletedTask;
    });

    private static Task Coverage(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        foreach (BarResource resource in rig.Function.Bars.Take(6).Where(bar => bar.IsImplemented && bar.Length > 0))
        {
            Bar bar = rig.Bar(resource.Index);
            ulong at = 0;
            foreach (ByteRange range in bar.Mapped.Concat(bar.Trapped).OrderBy(range => range.Offset))
            {
                Contract.Equal(range.Offset, at, $"where the next range of BAR {bar.Index} starts");
                at = range.End;
            }

            Contract.Equal(at, bar.Length, $"where the last range of BAR {bar.Index} ends");
            Contract.Holds(bar.MsixTable.Explain().Length > 0, "the decision explains itself");
        }

        return Task.CompletedTask;
    });

    private static Task TwoWays(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ContractRegister register = subject.Identifying;
        Contract.Equal(rig.Read(register), register.Value, "the register");
        Contract.Equal(ThroughRegion(rig.Function, register), register.Value, "the register through the region");
        return Task.CompletedTask;
    });

    private static Task Widths(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ContractRegister register = subject.Scratch;
        Registers registers = rig.Bar(register.Bar).Registers;
        rig.Write(register, 0x8765_4321);
        uint expected = 0x8765_4321 & register.Mask;
        Contract.Equal(registers.Read32(register.Offset) & register.Mask, expected, "the register, at once");
        Contract.Equal((uint)registers.Read16(register.Offset) & register.Mask, expected & 0xFFFF, "its lower half");
        Contract.Equal((uint)registers.Read16(register.Offset + 2) & (register.Mask >> 16), expected >> 16, "its upper half");
        for (int i = 0; i < 4; i++)
        {
            Contract.Equal((uint)registers.Read8(register.Offset + (ulong)i) & (register.Mask >> (8 * i)) & 0xFF, (expected >> (8 * i)) & 0xFF, $"its byte {i}");
        }

        return Task.CompletedTask;
    });

    private static Task Bounds(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        Bar bar = rig.Bar(subject.Identifying.Bar);
        Registers registers = bar.Registers;
        Contract.Throws<ArgumentOutOfRangeException>(() => registers.Read8(bar.Length), "a read at the end");
        Contract.Throws<ArgumentOutOfRangeException>(() => registers.Read32(ulong.MaxValue - 3), "a read at the top of 64 bits");
        Contract.Throws<ArgumentException>(() => registers.Read64(bar.Length - 4), "a read across the end");
        Contract.Throws<ArgumentException>(() => registers.Read16(1), "a read of 2 bytes at 1");
        Contract.Throws<ArgumentException>(() => registers.Read32(2), "a read of 4 bytes at 2");
        Contract.Throws<ArgumentException>(() => registers.Read64(4), "a read of 8 bytes at 4");
        Contract.Throws<ArgumentOutOfRangeException>(() => registers.Write8(bar.Length, 0), "a write at the end");
        Contract.Throws<ArgumentException>(() => registers.Write32(bar.Length - 2, 0), "a write across the end");
        Contract.Throws<ArgumentException>(() => registers.Write16(3, 0), "a write of 2 bytes at 3");
        Contract.Throws<ArgumentException>(() => registers.Write64(4, 0), "a write of 8 bytes at 4");
        return Task.CompletedTask;
    });

    private static Task WriteBack(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ContractRegister register = subject.Scratch;
        foreach (uint value in (ReadOnlySpan<uint>)[0, uint.MaxValue, 0xA5A5_5A5A, 0x0123_4567])
        {
            rig.Write(register, value);
            Contract.Equal(rig.Read(register), value & register.Mask, "what was written");
            Contract.Equal(ThroughRegion(rig.Function, register), value & register.Mask, "what was written, through the region");

            byte[] data = BitConverter.GetBytes(~value & register.Mask);
            rig.Function.WriteRegion(register.Bar, register.Offset, data);
            Contract.Equal(rig.Read(register), ~value & register.Mask, "what was written through the region");
        }

        return Task.CompletedTask;
    });

    private static Task TableIsNotWritten(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        MsixGeometry msix = rig.Function.Msix ?? throw new ContractException("a function with MSI-X vectors has no MSI-X capability");
        ByteRange table = msix.Table ?? throw new ContractException("the table cannot be located");
        Contract.Equal(msix.Capability.Vectors, rig.Function.MsixVectorCount, "the number of vectors by the capability");
        Bar bar = rig.Bar(msix.TableBar);
        Contract.Throws<InvalidOperationException>(() => bar.Registers.Write32(table.Offset, 0), "a write to the table's first entry");
        Contract.Throws<InvalidOperationException>(() => bar.Registers.Write32(table.End - 4, 0), "a write to the table's last vector control");
        Contract.Throws<InvalidOperationException>(() => bar.Registers.Write8(table.Offset + 1, 0), "a byte written to the table");
        Contract.Throws<InvalidOperationException>(() => bar.Registers.Write64(table.Offset, 0), "8 bytes written to the table");
        bool mapped = bar.Mapped.Any(range => range.Overlaps(table));
        Contract.Equal(mapped, bar.MsixTable.Access == MsixTableAccess.Mapped, "whether the table is mapped, beside the decision,");
        if (!mapped)
        {
            Contract.Equal(bar.Registers.Read32(table.Offset) == uint.MaxValue, !subject.ShowsTrappedTable, "whether a trapped table is hidden");
        }

        return Task.CompletedTask;
    });

    private static Task DecodingStaysOn(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ConfigurationRegisters registers = rig.Function.Configuration;
        if (MapsSome(rig))
        {
            ushort command = (ushort)(registers.ReadCommand() & ~PciCommand.MemorySpace);
            Contract.Throws<InvalidOperationException>(() => registers.Write16(4, command), "clearing the memory-space bit");
            Contract.Throws<InvalidOperationException>(() => registers.Write8(4, (byte)command), "clearing it by a byte");
            Contract.Throws<InvalidOperationException>(() => registers.Write32(4, command), "clearing it by 4 bytes");
            Contract.Throws<InvalidOperationException>(() => registers.SetCommand(PciCommand.MemorySpace, false), "clearing it by name");
            Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "a register afterwards");
        }

        return Task.CompletedTask;
    });

    private static Task StaysAwake(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        const ushort D3Hot = 3;
        ConfigurationRegisters registers = rig.Function.Configuration;
        if (registers.Read().Capabilities.PowerManagement is { } power && MapsSome(rig))
        {
            int control = power.Offset + 4;
            ushort asleep = (ushort)(registers.Read16(control) | D3Hot);
            Contract.Throws<InvalidOperationException>(() => registers.Write16(control, asleep), "putting the function to sleep");
            Contract.Equal(registers.Read16(control) & D3Hot, 0, "the power state afterwards");
            Contract.Equal(rig.Read(subject.Identifying), subject.Identifying.Value, "a register afterwards");
        }

        return Task.CompletedTask;
    });

    private static Task DisposedBar(ContractSubject subject, CancellationToken stop) => Contract.WithRig(subject, stop, rig =>
    {
        ContractRegister register = subject.Scratch;
        rig.Write(register, 0x1234_5678);
        Bar other = rig.Function.MapBar(register.Bar);
        other.Dispose();
        Contract.Equal(other.Registers.Read32(register.Offset), uint.MaxValue, "a register of the disposed BAR");
        Contract.Equal(other.Registers.Read8(register.Offset), byte.MaxValue, "a byte of the disposed BAR");
        other.Registers.Write32(register.Offset, 0);
        other.Dispose();
        Contract.Equal(rig.Read(register), 0x1234_5678 & register.Mask, "the register by the mapping that stayed");
        return Task.CompletedTask;
    });

    private static uint ThroughRegion(PciFunction function, ContractRegister register)
    {
        Span<byte> data = stackalloc byte[4];
        function.ReadRegion(register.Bar, register.Offset, data);
        return BitConverter.ToUInt32(data) & register.Mask;
    }

    private static bool MapsSome(ContractRig rig) =>
        rig.Function.Bars.Take(6).Where(bar => bar.IsImplemented && bar.Length > 0).Any(bar => !rig.Bar(bar.Index).Mapped.IsEmpty);
}
