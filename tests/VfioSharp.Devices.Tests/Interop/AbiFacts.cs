using System.Reflection;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.IommuFd;
using VfioSharp.Devices.Interop.Vfio;

namespace VfioSharp.Devices.Tests.Interop;

/// <summary>
/// Every number that VfioSharp.Devices/Interop declares, next to what C calls it. Extend it here: headers, then enums, constants and structures.
/// A declaration that is missing here fails a test.
/// </summary>
internal static class AbiFacts
{
    /// <summary>What every C library with its kernel's headers tells.</summary>
    public static AbiTable System { get; } = new()
    {
        Headers =
        [
            "errno.h", "fcntl.h", "poll.h", "stddef.h", "dirent.h", "sys/epoll.h", "sys/eventfd.h", "sys/ioctl.h", "sys/mman.h",
            "sys/resource.h", "sys/socket.h", "sys/stat.h", "sys/statfs.h", "sys/syscall.h", "sys/uio.h", "sys/un.h", "sys/utsname.h",
            "unistd.h", "linux/capability.h", "linux/falloc.h", "linux/magic.h", "linux/memfd.h", "linux/mman.h", "linux/openat2.h",
        ],
        SameNames =
        [
            typeof(Errno), typeof(OpenFlags), typeof(ResolveFlags), typeof(StatxFlags), typeof(CapabilityNumbers), typeof(MemoryProtection),
            typeof(MapFlags), typeof(MemoryAdvice), typeof(MemoryFileFlags), typeof(FileControl), typeof(EventFdFlags), typeof(EpollFlags),
            typeof(PollFlags), typeof(ResourceLimits), typeof(SocketFlags), typeof(FileSystemStatus), typeof(ReadWriteFlags), typeof(AllocateFlags), typeof(SeekOrigins),
        ],
        Structures =
        [
            (typeof(OpenHow), "struct open_how", null),
            (typeof(Statx), "struct statx", null),
            (typeof(UtsName), "struct utsname", null),
            (typeof(CapabilityHeader), "struct __user_cap_header_struct", null),
            (typeof(CapabilityData), "struct __user_cap_data_struct", null),
            (typeof(ResourceLimit), "struct rlimit", null),
            (typeof(PollDescriptor), "struct pollfd", null),
            (typeof(IoVector), "struct iovec", null),
            (typeof(SocketMessage), "struct msghdr", null),
            (typeof(ControlHeader), "struct cmsghdr", null),
            (typeof(UnixAddress), "struct sockaddr_un", null),
            (typeof(PeerCredentials), "struct ucred", null),
            (typeof(TimeValue), "struct timeval", null),
        ],
        Expressions =
        [
            ("DirectoryEntry.d_reclen", "offsetof(struct dirent64, d_reclen)"),
            ("DirectoryEntry.d_name", "offsetof(struct dirent64, d_name)"),
            ("UtsName.FieldLength", "sizeof(((struct utsname *)0)->machine)"),
            ("UnixAddress.PathLength", "sizeof(((struct sockaddr_un *)0)->sun_path)"),
            ("UnixSocket.ControlLength", "CMSG_SPACE(253 * sizeof(int))"),
            ("FileSystemStatus.f_type", "offsetof(struct statfs, f_type)"),
        ],
    };

    /// <summary>What only the headers of Linux 6.6 or later tell whole.</summary>
    public static AbiTable Vfio { get; } = new()
    {
        Headers = ["stddef.h", "sys/ioctl.h", "linux/vfio.h", "linux/iommufd.h"],
        SameNames =
        [
            typeof(VfioExtensions), typeof(VfioPciRegions), typeof(VfioPciIrqs), typeof(VfioCapabilities), typeof(VfioGroupStatus),
            typeof(VfioDeviceInfo), typeof(VfioRegionInfo), typeof(VfioIrqInfo), typeof(VfioIrqSet), typeof(VfioPciDependentDevice),
            typeof(VfioPciHotResetInfo), typeof(VfioDeviceFeature), typeof(VfioIommuType1Info), typeof(VfioIommuType1DmaMap),
            typeof(VfioIommuType1DmaUnmap), typeof(VfioMigrationState), typeof(VfioIommuSpaprTceInfo), typeof(IommuIoasMap), typeof(IommuOption),
        ],
        Commands = [typeof(VfioIoctl), typeof(IommuFdIoctl)],
        Structures =
        [
            (typeof(VfioInfoCapHeader), "struct vfio_info_cap_header", null),
            (typeof(VfioGroupStatus), "struct vfio_group_status", null),
            (typeof(VfioDeviceInfo), "struct vfio_device_info", null),
            (typeof(VfioRegionInfo), "struct vfio_region_info", null),
            (typeof(VfioRegionSparseMmapArea), "struct vfio_region_sparse_mmap_area", null),
            (typeof(VfioRegionInfoCapSparseMmap), "struct vfio_region_info_cap_sparse_mmap", "areas"),
            (typeof(VfioRegionInfoCapType), "struct vfio_region_info_cap_type", null),
            (typeof(VfioIrqInfo), "struct vfio_irq_info", null),
            (typeof(VfioIrqSet), "struct vfio_irq_set", "data"),
            (typeof(VfioPciDependentDevice), "struct vfio_pci_dependent_device", null),
            (typeof(VfioPciHotResetInfo), "struct vfio_pci_hot_reset_info", "devices"),
            (typeof(VfioPciHotReset), "struct vfio_pci_hot_reset", "group_fds"),
            (typeof(VfioDeviceFeature), "struct vfio_device_feature", "data"),
            (typeof(VfioDeviceBindIommuFd), "struct vfio_device_bind_iommufd", null),
            (typeof(VfioDeviceAttachIommuFdPt), "struct vfio_device_attach_iommufd_pt", null),
            (typeof(VfioDeviceDetachIommuFdPt), "struct vfio_device_detach_iommufd_pt", null),
            (typeof(VfioIommuType1Info), "struct vfio_iommu_type1_info", null),
            (typeof(VfioIovaRange), "struct vfio_iova_range", null),
            (typeof(VfioIommuType1InfoCapIovaRange), "struct vfio_iommu_type1_info_cap_iova_range", "iova_ranges"),
            (typeof(VfioIommuType1InfoDmaAvail), "struct vfio_iommu_type1_info_dma_avail", null),
            (typeof(VfioIommuType1DmaMap), "struct vfio_iommu_type1_dma_map", null),
            (typeof(VfioIommuType1DmaUnmap), "struct vfio_iommu_type1_dma_unmap", "data"),
            (typeof(VfioIommuSpaprTceDdwInfo), "struct vfio_iommu_spapr_tce_ddw_info", null),
            (typeof(VfioIommuSpaprTceInfo), "struct vfio_iommu_spapr_tce_info", null),
            (typeof(VfioIommuSpaprRegisterMemory), "struct vfio_iommu_spapr_register_memory", null),
            (typeof(VfioIommuSpaprTceCreate), "struct vfio_iommu_spapr_tce_create", null),
            (typeof(VfioIommuSpaprTceRemove), "struct vfio_iommu_spapr_tce_remove", null),
            (typeof(IommuDestroy), "struct iommu_destroy", null),
            (typeof(IommuIoasAlloc), "struct iommu_ioas_alloc", null),
            (typeof(IommuIovaRange), "struct iommu_iova_range", null),
            (typeof(IommuIoasIovaRanges), "struct iommu_ioas_iova_ranges", null),
            (typeof(IommuIoasAllowIovas), "struct iommu_ioas_allow_iovas", null),
            (typeof(IommuIoasMap), "struct iommu_ioas_map", null),
            (typeof(IommuIoasCopy), "struct iommu_ioas_copy", null),
            (typeof(IommuIoasUnmap), "struct iommu_ioas_unmap", null),
            (typeof(IommuOption), "struct iommu_option", null),
        ],
        Expressions =
        [
            ("VfioIoctl.VFIO_API_VERSION", "VFIO_API_VERSION"),
            ("VfioIoctl.VFIO_TYPE", "VFIO_TYPE"),
            ("VfioIoctl.VFIO_BASE", "VFIO_BASE"),
            ("IommuFdIoctl.IOMMUFD_TYPE", "IOMMUFD_TYPE"),
        ],
    };

    /// <summary>Numbers by architecture whose names are not those of C.</summary>
    private static readonly Dictionary<string, string> MachineExpressions = new()
    {
        ["MachineAbi.EpollEventSize"] = "sizeof(struct epoll_event)",
        ["MachineAbi.EpollEventData"] = "offsetof(struct epoll_event, data)",
    };

    /// <summary>Constants that C cannot be asked about, and why.</summary>
    public static readonly Dictionary<string, string> NotInC = new()
    {
        ["Errno.None"] = "success is the absence of an error number",
        ["SyslogActions.SYSLOG_ACTION_READ_ALL"] = "the kernel keeps linux/syslog.h to itself; syslog(2) gives the number",
        ["SyslogActions.SYSLOG_ACTION_SIZE_BUFFER"] = "the kernel keeps linux/syslog.h to itself; syslog(2) gives the number",
        ["EventFd.Link"] = "text that the kernel shows in procfs",
        ["Libc.Library"] = "a library's name",
        ["FileDescriptor.MaxLinkLength"] = "our own limit",
        ["FileDescriptor.FolderBufferLength"] = "our own size of a buffer",
        ["FileDescriptor.MaxAttempts"] = "our own limit",
        ["FileReader.FirstLength"] = "our own size of a buffer",
        ["FileSystemStatus.MaxLength"] = "room, of which every architecture needs less",
        ["UnixSocket.MaxDescriptors"] = "the kernel keeps include/net/scm.h to itself; unix(7) gives the number",
        ["MappedMemory.ReadWrite"] = "made of constants that are in the table",
        ["MappedMemory.Failure"] = "MAP_FAILED is a pointer, which C does not compare at compile time",
    };

    /// <summary>The facts of both tables for one architecture.</summary>
    public static IReadOnlyList<AbiFact> For(Architecture architecture) => [.. For(System, architecture), .. For(Vfio, architecture)];

    /// <summary>The facts of one table for one architecture.</summary>
    public static IReadOnlyList<AbiFact> For(AbiTable table, Architecture architecture)
    {
        var abi = MachineAbi.For(architecture);
        var facts = new List<AbiFact>();
        facts.AddRange(table.SameNames.SelectMany(InteropDeclarations.Constants)
            .Where(constant => !NotInC.ContainsKey(constant.Name) && table.Expressions.All(expression => expression.Name != constant.Name))
            .Select(constant => new AbiFact(constant.Name, constant.Member, constant.Value)));
        facts.AddRange(table.Commands.SelectMany(InteropDeclarations.Constants)
            .Where(constant => table.Expressions.All(expression => expression.Name != constant.Name))
            .Select(constant => new AbiFact(constant.Name, constant.Member, abi.IO((uint)(ulong)constant.Value))));
        facts.AddRange(table.Structures.SelectMany(structure => Layout(structure.Type, structure.C, structure.Tail)));
        facts.AddRange(table.Expressions.Select(expression => new AbiFact(expression.Name, expression.C, InteropDeclarations.Value(expression.Name))));
        if (table == System)
        {
            facts.AddRange(InteropDeclarations.MachineNumbers(abi)
                .Select(number => new AbiFact(number.Name, MachineExpressions.GetValueOrDefault(number.Name, number.Member), number.Value)));
            if (abi.EpollEventSize == Marshal.SizeOf<EpollEvent>())
            {
                facts.AddRange(Layout(typeof(EpollEvent), "struct epoll_event", tail: null));
            }
        }

        return facts;
    }

    private static IEnumerable<AbiFact> Layout(Type type, string c, string? tail)
    {
        yield return new AbiFact(type.Name, $"sizeof({c})", Marshal.SizeOf(type));
        foreach (FieldInfo field in InteropDeclarations.Fields(type))
        {
            string name = $"{type.Name}.{field.Name}";
            yield return new AbiFact(name, $"offsetof({c}, {field.Name})", (int)Marshal.OffsetOf(type, field.Name));
            yield return new AbiFact(name, $"sizeof((({c} *)0)->{field.Name})", Marshal.SizeOf(field.FieldType));
        }

        if (tail is not null)
        {
            yield return new AbiFact(type.Name, $"offsetof({c}, {tail})", Marshal.SizeOf(type));
        }
    }
}
