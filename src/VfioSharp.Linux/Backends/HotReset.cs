using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Backends;

/// <summary>Resets a whole bus or slot (<c>VFIO_DEVICE_PCI_HOT_RESET</c>), which takes every function on it along: all of them must be this process's.</summary>
internal static class HotReset
{
    private const string Operation = "hot reset";

    /// <summary>Carries it out.</summary>
    /// <returns>The functions that were reset.</returns>
    /// <exception cref="PciException">It is not possible, or others own functions that it would reset.</exception>
    public static ImmutableArray<PciAddress> Run(VfioFunction function)
    {
        Errno error = GetCompanions(function.Device.File, out VfioPciHotResetInfo info, out VfioPciDependentDevice[] companions);
        if (error != Errno.None)
        {
            throw new PciException(Operation, error is Errno.ENODEV or Errno.EINVAL or Errno.ENOTTY
                ? $"{function.Name}: its bus or slot cannot be reset ({error})" : $"{function.Name}: what a hot reset would take along cannot be read ({error})",
                function.Address, (int)error);
        }

        List<FileDescriptor> proofs = FindProofs(function, info, companions);
        error = function.Device.File.Ioctl(VfioIoctl.VFIO_DEVICE_PCI_HOT_RESET, Encode(proofs), out _);
        return error switch
        {
            Errno.None => [.. companions.Select(AddressOf)],
            Errno.EPERM or Errno.EINVAL => throw NotOwned(function, companions, error),
            _ => throw new PciException(Operation, $"{function.Name}: the hot reset failed ({error}); the kernel's log may say why", function.Address, (int)error),
        };
    }

    /// <summary>The argument: the number of proofs, and their descriptors.</summary>
    internal static byte[] Encode(IReadOnlyList<FileDescriptor> proofs)
    {
        int header = (int)NativeSize.Of<VfioPciHotReset>();
        byte[] request = new byte[header + (proofs.Count * sizeof(int))];
        var reset = new VfioPciHotReset { argsz = (uint)request.Length, count = (uint)proofs.Count };
        MemoryMarshal.Write(request, in reset);
        Span<int> descriptors = MemoryMarshal.Cast<byte, int>(request.AsSpan(header));
        for (int i = 0; i < proofs.Count; i++)
        {
            descriptors[i] = proofs[i].Number;
        }

        return request;
    }

    internal static PciAddress AddressOf(VfioPciDependentDevice device) => new(device.segment, device.bus, (byte)(device.devfn >> 3), (byte)(device.devfn & 7));

    private static List<FileDescriptor> FindProofs(VfioFunction function, VfioPciHotResetInfo info, VfioPciDependentDevice[] companions)
    {
        // A function opened by its own file is its own proof, and so are the others that the same iommufd holds.
        if ((info.flags & VfioPciHotResetInfo.VFIO_PCI_HOT_RESET_FLAG_DEV_ID) != 0)
        {
            return (info.flags & VfioPciHotResetInfo.VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED) != 0 ? [] : throw NotOwned(function, companions, Errno.None);
        }

        return Attachments.Shared.FindProofs(companions.Select(companion => (int)companion.group_id).Distinct()) ?? throw NotOwned(function, companions, Errno.None);
    }

    private static DeviceBusyException NotOwned(VfioFunction function, VfioPciDependentDevice[] companions, Errno error) => new(Operation,
        $"{function.Name}: a hot reset resets {string.Join(", ", companions.Select(AddressOf))} together, and not all of their IOMMU groups are open in this process: open them first",
        function.Address, (int)error);

    private static Errno GetCompanions(FileDescriptor file, out VfioPciHotResetInfo info, out VfioPciDependentDevice[] companions)
    {
        int header = (int)NativeSize.Of<VfioPciHotResetInfo>();
        int entry = (int)NativeSize.Of<VfioPciDependentDevice>();
        byte[] reply = [];
        Errno error = Errno.ENOSPC;
        info = default;
        for (int room = 16; error == Errno.ENOSPC && room <= ushort.MaxValue; room = Math.Max(room * 2, (int)Math.Min(info.count, ushort.MaxValue)))
        {
            reply = new byte[header + (room * entry)];
            info = new VfioPciHotResetInfo { argsz = (uint)reply.Length };
            MemoryMarshal.Write(reply, in info);
            error = file.Ioctl(VfioIoctl.VFIO_DEVICE_GET_PCI_HOT_RESET_INFO, reply, out _);
            info = MemoryMarshal.Read<VfioPciHotResetInfo>(reply);
        }

        companions = error == Errno.None ? MemoryMarshal.Cast<byte, VfioPciDependentDevice>(reply.AsSpan(header))[..(int)info.count].ToArray() : [];
        return error;
    }
}
