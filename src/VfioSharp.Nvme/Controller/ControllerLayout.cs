using System.Collections.Immutable;
using VfioSharp.Devices.Emulation;
using VfioSharp.Nvme.Spec;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Nvme.Controller;

/// <summary>The PCI function that a controller is: BAR 0 with registers and doorbells, and its MSI-X table.</summary>
internal static class ControllerLayout
{
    /// <summary>The BAR with the registers.</summary>
    public const int RegisterBar = 0;

    /// <summary>The page of doorbells, and of the table where that is shared.</summary>
    private const ulong PageLength = 4096;

    /// <summary>As that of most SSDs.</summary>
    private const ulong BarLength = 0x4000;

    /// <summary>Behind the doorbells of 128 queues and the admin queue, which end at 0x1408; 129 entries end at 0x1e10.</summary>
    private const ulong SharedTable = 0x1600;

    private const ulong SharedPba = 0x1F00;
    private const int OwnTableBar = 4;

    /// <summary>Who made it: nobody that has a vendor ID.</summary>
    public const ushort VendorId = 0x1234;

    /// <summary>Doorbells of queues that a controller can have, all of them memory of the page.</summary>
    public static ByteRange Doorbells(NvmeControllerOptions options) => new(ControllerRegister.Doorbells, (ulong)(options.IoQueues + 1) * 8);

    /// <summary>Vectors: one for the admin queue, one for each I/O queue.</summary>
    public static int Vectors(NvmeControllerOptions options) => options.IoQueues + 1;

    /// <summary>The layout of those options.</summary>
    /// <exception cref="ArgumentException">An option is out of its range; the message says which.</exception>
    public static FunctionLayout Of(NvmeControllerOptions options)
    {
        Check(options);
        int vectors = Vectors(options);
        bool isShared = options.MsixTable == MsixTableLocation.Shared;
        MsixPlacement? msix = isShared ? new MsixPlacement(vectors, RegisterBar, SharedTable, RegisterBar, SharedPba) : null;
        BarLayout registers = BarLayout.Memory64(RegisterBar, BarLength) with
        {
            Memory = options.Doorbells == NvmeDoorbells.Mapped ? PlainMemory(msix) : [],
        };
        return new FunctionLayout
        {
            // Mass storage, non-volatile memory, NVM Express I/O controller.
            Identity = new(VendorId, DeviceId: 0x4E56, new ClassCode(0x01, 0x08, 0x02), Revision: 1),
            Bars = isShared ? [registers] : [registers, BarLayout.Msix(OwnTableBar, vectors)],
            Msix = msix,
        };
    }

    // All of the page that is neither table nor pending bits, or it could not be mapped.
    private static ImmutableArray<ByteRange> PlainMemory(MsixPlacement? msix)
    {
        const ulong Start = ControllerRegister.Doorbells;
        const ulong End = Start + PageLength;
        if (msix is null)
        {
            return [new ByteRange(Start, PageLength)];
        }

        ulong tableEnd = msix.TableOffset + ((ulong)msix.Vectors * MsixCapability.EntryLength);
        ulong pbaEnd = msix.PbaOffset + ((((ulong)msix.Vectors + 63) / 64) * 8);
        return
        [
            new ByteRange(Start, msix.TableOffset - Start),
            new ByteRange(tableEnd, msix.PbaOffset - tableEnd),
            new ByteRange(pbaEnd, End - pbaEnd),
        ];
    }

    private static void Check(NvmeControllerOptions options)
    {
        ArgumentNullException.ThrowIfNull(options);
        Require(!options.Namespaces.IsDefaultOrEmpty, "a controller needs at least one namespace");
        Require(options.Namespaces.Length <= ActiveNamespaces.Max, $"{options.Namespaces.Length} namespaces: a controller has up to {ActiveNamespaces.Max}");
        Require(options.Namespaces.All(each => each is not null), "a namespace is null");
        Require(options.Namespaces.Distinct().Count() == options.Namespaces.Length, "a namespace is given twice");
        Require(options.IoQueues is >= 1 and <= NvmeControllerOptions.MaxIoQueues, $"{options.IoQueues} I/O queues: a controller has 1 to {NvmeControllerOptions.MaxIoQueues}");
        Require(Enum.IsDefined(options.MsixTable) && Enum.IsDefined(options.Doorbells) && Enum.IsDefined(options.Polling), "an option is none of its kind");
        Require(options.IdleInterval >= TimeSpan.FromMilliseconds(1) && options.IdleInterval <= TimeSpan.FromSeconds(1),
            $"an idle interval of {options.IdleInterval}: it is 1 ms to 1 s");
        RequireText(options.SerialNumber, 20, "serial number");
        RequireText(options.ModelNumber, 40, "model number");
        RequireText(options.FirmwareRevision, 8, "firmware revision");
    }

    private static void RequireText(string text, int length, string what) =>
        Require(text is { Length: > 0 } && text.Length <= length && text.All(each => each is >= ' ' and <= '~'), $"the {what} is 1 to {length} characters of ASCII");

    private static void Require(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new ArgumentException(complaint);
        }
    }
}
