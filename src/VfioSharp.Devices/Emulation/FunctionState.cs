using System.Globalization;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// The state of an emulated function as bytes, to be taken over by another of the same layout: configuration space, interrupts, memory of BARs, and what
/// its author adds. What the function sees of system memory, and who takes its interrupts, is its client's and no part of it.
/// </summary>
/// <remarks>The function is stopped (<see cref="FunctionCore.StopAsync"/>) while this works on it.</remarks>
internal static class FunctionState
{
    private const ulong Magic = 0x31_45_54_41_54_53_46_56; // "VFSTATE1"
    private const int ChunkLength = 4096;

    /// <summary>Writes the state down.</summary>
    public static async ValueTask SaveAsync(FunctionCore core, MemoryStream destination, CancellationToken stop)
    {
        using var own = new MemoryStream();
        await core.CallSaveAsync(own, stop).ConfigureAwait(false);
        using (var writer = new BinaryWriter(destination, Encoding.UTF8, leaveOpen: true))
        {
            writer.Write(Magic);
            writer.Write(Describe(core.Layout));
            using (core.EnterControl())
            {
                writer.Write(core.Configuration.Save());
                writer.Write(core.Interrupts.IsIntxAsserted);
                writer.Write(core.Interrupts.Msi?.Pending ?? 0);
                writer.Write(MemoryMarshal.AsBytes(core.Interrupts.Msix is { } msix ? msix.Pending : default));
                WriteMemory(core, writer);
            }

            writer.Write(own.Length);
            writer.Write(own.GetBuffer().AsSpan(0, (int)own.Length));
        }

        destination.Write(SHA256.HashData(destination.GetBuffer().AsSpan(0, (int)destination.Length)));
    }

    /// <summary>Takes over a state. Whoever brings it is not trusted.</summary>
    /// <exception cref="InvalidDataException">It is cut off, altered, or another layout's, and nothing was changed; or the author refuses it.</exception>
    public static async ValueTask RestoreAsync(FunctionCore core, ReadOnlyMemory<byte> state, CancellationToken stop)
    {
        int length = state.Length - SHA256.HashSizeInBytes;
        if (length < 0 || !SHA256.HashData(state.Span[..length]).AsSpan().SequenceEqual(state.Span[length..]))
        {
            throw new InvalidDataException("the state is cut off, or altered");
        }

        using var source = new MemoryStream(state[..length].ToArray(), writable: false);
        using var reader = new BinaryReader(source, Encoding.UTF8);
        try
        {
            await RestoreAsync(core, reader, stop).ConfigureAwait(false);
        }
        catch (Exception exception) when (exception is EndOfStreamException or FormatException or ArgumentException)
        {
            throw new InvalidDataException("the state is none that a function has saved", exception);
        }
    }

    private static async ValueTask RestoreAsync(FunctionCore core, BinaryReader reader, CancellationToken stop)
    {
        if (reader.ReadUInt64() != Magic || reader.ReadString() is not { } layout || layout != Describe(core.Layout))
        {
            throw new InvalidDataException($"the state is another layout's, not that of {Describe(core.Layout)}");
        }

        byte[] configuration = ReadExactly(reader, core.ConfigurationLength);
        bool intx = reader.ReadBoolean();
        if (intx && core.Layout.Pin == InterruptPin.None)
        {
            throw new InvalidDataException("the state asserts a line that the function does not have");
        }

        uint msi = reader.ReadUInt32();
        ulong[] msix = MemoryMarshal.Cast<byte, ulong>(ReadExactly(reader, core.PendingLength)).ToArray();
        List<(BarMemory Memory, ulong Offset, byte[] Data)> chunks = ReadMemory(core, reader);
        long ownLength = reader.ReadInt64();
        if (ownLength != reader.BaseStream.Length - reader.BaseStream.Position)
        {
            throw new InvalidDataException("the state goes on behind its end");
        }

        using (var own = new MemoryStream(ReadExactly(reader, (int)ownLength), writable: false))
        {
            await core.CallRestoreAsync(own, stop).ConfigureAwait(false);
        }

        using (core.EnterControl())
        {
            foreach (BarMemory memory in core.Bars.SavedMemory)
            {
                memory.Clear();
            }

            chunks.ForEach(chunk => chunk.Memory.CopyFrom(chunk.Offset, chunk.Data));
            core.Configuration.Restore(configuration);
            if (core.Interrupts.Msi is { } model)
            {
                model.Pending = msi;
            }

            core.Interrupts.Msix?.RestorePending(msix);
            core.Interrupts.SetIntx(intx);
            core.Interrupts.Refresh();
        }
    }

    /// <summary>What must be the same for one function to take over another's state.</summary>
    private static string Describe(FunctionLayout layout)
    {
        CultureInfo culture = CultureInfo.InvariantCulture;
        var text = new StringBuilder();
        FunctionIdentity identity = layout.Identity;
        text.Append(culture, $"{identity.VendorId:x4}:{identity.DeviceId:x4} {identity.ClassCode} rev {identity.Revision:x2} {identity.SubsystemVendorId:x4}:{identity.SubsystemId:x4}");
        foreach (BarLayout bar in layout.Bars.OrderBy(bar => bar.Index))
        {
            text.Append(culture, $", BAR {bar.Index} {bar.Kind}{(bar.IsPrefetchable ? " prefetchable" : "")} 0x{bar.Length:x}");
            foreach (ByteRange range in bar.Memory.OrderBy(range => range.Offset))
            {
                text.Append(culture, $" memory {range}");
            }
        }

        if (layout.MsixPlacement is { } msix)
        {
            text.Append(culture, $", MSI-X {msix.Vectors} at {msix.TableBar}:0x{msix.TableOffset:x} and {msix.PbaBar}:0x{msix.PbaOffset:x}");
        }

        return text.Append(culture, $", MSI {layout.MsiVectors}, pin {layout.Pin}, {(layout.IsPciExpress ? "PCI Express" : "PCI")}").ToString();
    }

    // What holds nothing but zeros is left out: much of it does.
    private static void WriteMemory(FunctionCore core, BinaryWriter writer)
    {
        Span<byte> chunk = stackalloc byte[ChunkLength];
        foreach (BarMemory memory in core.Bars.SavedMemory)
        {
            for (ulong offset = 0; offset < memory.Length; offset += ChunkLength)
            {
                Span<byte> data = chunk[..(int)Math.Min(ChunkLength, memory.Length - offset)];
                memory.CopyTo(offset, data);
                if (data.IndexOfAnyExcept((byte)0) >= 0)
                {
                    writer.Write(data.Length);
                    writer.Write(offset);
                    writer.Write(data);
                }
            }

            writer.Write(0);
        }
    }

    private static List<(BarMemory Memory, ulong Offset, byte[] Data)> ReadMemory(FunctionCore core, BinaryReader reader)
    {
        var chunks = new List<(BarMemory, ulong, byte[])>();
        foreach (BarMemory memory in core.Bars.SavedMemory)
        {
            for (int length = reader.ReadInt32(); length != 0; length = reader.ReadInt32())
            {
                ulong offset = reader.ReadUInt64();
                if (length is < 0 or > ChunkLength || offset > memory.Length || (ulong)length > memory.Length - offset)
                {
                    throw new InvalidDataException("the state holds memory that the function does not have");
                }

                chunks.Add((memory, offset, ReadExactly(reader, length)));
            }
        }

        return chunks;
    }

    private static byte[] ReadExactly(BinaryReader reader, int length)
    {
        byte[] data = reader.ReadBytes(length);
        return data.Length == length ? data : throw new EndOfStreamException();
    }
}
