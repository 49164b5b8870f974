using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Log;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Trees;

/// <summary>
/// The running system as a <see cref="HostTree"/>: its files, and two that a snapshot has and it has not. Its kernel log is the ring buffer's, as a
/// file of that name may be another boot's; its manifest is made up.
/// </summary>
internal sealed class LiveTree : HostTree
{
    /// <summary>Where a tree holds the kernel's log, in the format that dmesg(1) prints.</summary>
    public const string LogPath = "var/log/dmesg";

    private readonly FolderTree files = FolderTree.OfHost();
    private readonly Lazy<HostFile> log;
    private readonly Lazy<HostFile> manifest;

    public LiveTree()
    {
        // Read once, so that whoever asks twice during an audit hears the same.
        log = new Lazy<HostFile>(() => KernelRing.Read(files));
        manifest = new Lazy<HostFile>(() => HostFile.Of(Describe().ToJson()));
    }

    /// <inheritdoc/>
    public override HostFile Read(string path) => path switch
    {
        LogPath => log.Value,
        SnapshotManifest.FileName => manifest.Value,
        _ => files.Read(path),
    };

    /// <inheritdoc/>
    public override IReadOnlyList<string> List(string path) => path switch
    {
        "" => With(files.List(path), SnapshotManifest.FileName),
        "var/log" => With(files.List(path), "dmesg"),
        _ => files.List(path),
    };

    /// <inheritdoc/>
    public override string? ReadLink(string path) => path is LogPath or SnapshotManifest.FileName ? null : files.ReadLink(path);

    private static List<string> With(IReadOnlyList<string> names, string name) =>
        [.. names.Append(name).Distinct().Order(StringComparer.Ordinal)];

    private SnapshotManifest Describe() => new()
    {
        PageSize = Environment.SystemPageSize,
        Architecture = Machine.Name,
        Privileged = Machine.HasCapability(CapabilityNumbers.CAP_SYS_ADMIN) && IsInitialUserNamespace(),
    };

    // pci_read_config() asks for CAP_SYS_ADMIN in the initial user namespace (drivers/pci/pci-sysfs.c), and in it alone user ids map to themselves,
    // all of them. A container's root has the capability in its own namespace only.
    private bool IsInitialUserNamespace()
    {
        HostFile map = files.Read("proc/self/uid_map");
        return map.State == HostFileState.Absent
            || (map.Text?.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries) is ["0", "0", "4294967295"]);
    }
}
