using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Emulation;

/// <summary>The memory of a BAR that is memory, and what of it a driver may map: a file of the BAR's length, mapped here whole.</summary>
internal sealed class BarStore : SafeHandle
{
    private readonly ulong mapped;

    private BarStore(MemoryFile file, nint address, ulong mapped, ImmutableArray<ByteRange> mappable)
        : base(0, ownsHandle: true)
    {
        File = file;
        Mappable = mappable;
        this.mapped = mapped;
        SetHandle(address);
    }

    /// <inheritdoc/>
    public override bool IsInvalid => handle == 0;

    /// <summary>What a driver maps.</summary>
    public MemoryFile File { get; }

    /// <summary>The pages that hold nothing but memory, table and PBA; the last ends where the BAR does.</summary>
    public ImmutableArray<ByteRange> Mappable { get; }

    /// <summary>Where the BAR's first byte lies in this process, while this object lives.</summary>
    public nint Address => handle;

    /// <summary>Makes the memory of a BAR, zeroed; null where nothing of it is memory.</summary>
    /// <param name="bar">The BAR.</param>
    /// <param name="msix">Where the function's MSI-X structures lie; they are kept as memory.</param>
    /// <exception cref="PciException">There is no memory, or no descriptor, left.</exception>
    public static BarStore? Create(BarLayout bar, MsixPlacement? msix)
    {
        List<ByteRange> parts = [.. bar.Memory];
        if (msix?.TableBar == bar.Index)
        {
            parts.Add(new ByteRange(msix.TableOffset, msix.Capability.TableLength));
        }

        if (msix?.PbaBar == bar.Index)
        {
            parts.Add(new ByteRange(msix.PbaOffset, msix.Capability.PbaLength));
        }

        if (parts.Count == 0)
        {
            return null;
        }

        // What is offered, cut to whole pages: the same cut that decides what is mapped.
        ulong page = (ulong)Environment.SystemPageSize;
        ImmutableArray<ByteRange> mappable = MsixTablePolicy.Decide(new MsixTableQuestion(
            new ByteRange(0, bar.Length), null, null, [.. parts], page, IsolationVerdict.Isolated, MsixTableRule.RequireIsolation)).Mapped;
        ulong length = (bar.Length + page - 1) & ~(page - 1);
        MemoryFile? file = MemoryFile.Create($"vfiosharp-bar{bar.Index}", (long)length, MemoryFileFlags.MFD_ALLOW_SEALING, out Errno error);
        if (file is null)
        {
            throw Failure(bar, error);
        }

        // Sealed, so that nobody who is given the file can take memory from under those who map it.
        error = file.AddSeals(FileControl.F_SEAL_SHRINK | FileControl.F_SEAL_GROW | FileControl.F_SEAL_SEAL);
        nint address = error == Errno.None ? MappedMemory.Reserve(length, out error) : 0;
        if (error == Errno.None)
        {
            error = MappedMemory.Map(address, length, file.File, 0);
        }

        if (error == Errno.None)
        {
            return new BarStore(file, address, length, mappable);
        }

        if (address != 0)
        {
            MappedMemory.Release(address, length);
        }

        file.Dispose();
        throw Failure(bar, error);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        File.Dispose();
        return MappedMemory.Release(handle, mapped) == Errno.None;
    }

    private static PciException Failure(BarLayout bar, Errno error) =>
        new("make a function", $"the memory of BAR {bar.Index} (0x{bar.Length:x} bytes) cannot be had: {error}", errorNumber: (int)error);
}
