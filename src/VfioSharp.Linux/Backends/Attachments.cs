using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Linux.Backends;

/// <summary>The groups that this process holds, each for as long as one of its functions is open.</summary>
internal sealed class Attachments
{
    private readonly Lock gate = new();
    private readonly Dictionary<int, (Attachment Attachment, HashSet<PciAddress> Functions)> held = [];

    /// <summary>The process's.</summary>
    public static Attachments Shared { get; } = new();

    /// <summary>How a group is held; null where it is not.</summary>
    public VfioBackend? BackendOf(int group)
    {
        lock (gate)
        {
            return held.TryGetValue(group, out (Attachment Attachment, HashSet<PciAddress> Functions) entry) ? entry.Attachment.Backend : null;
        }
    }

    /// <summary>Takes a group for a function, or shares what is held already.</summary>
    /// <param name="group">The group.</param>
    /// <param name="backend">How it is to be held.</param>
    /// <param name="address">The function.</param>
    /// <param name="take">Takes the group.</param>
    /// <exception cref="DeviceBusyException">The function is open in this process already, or its group in another way.</exception>
    public Attachment Acquire(int group, VfioBackend backend, PciAddress address, Func<Attachment> take)
    {
        lock (gate)
        {
            if (!held.TryGetValue(group, out (Attachment Attachment, HashSet<PciAddress> Functions) entry))
            {
                entry = (take(), []);
                held.Add(group, entry);
            }

            if (entry.Attachment.Backend != backend)
            {
                throw new DeviceBusyException("open", $"{address}: its IOMMU group {group} is open in this process by way of {entry.Attachment.Backend}: open it in the same way", address);
            }

            return entry.Functions.Add(address) ? entry.Attachment
                : throw new DeviceBusyException("open", $"{address} is open in this process already: share that, or dispose it first", address, (int)Errno.EBUSY);
        }
    }

    /// <summary>Ends a function's share; the group is given back with the last.</summary>
    public void Release(Attachment attachment, PciAddress address)
    {
        lock (gate)
        {
            if (held.TryGetValue(attachment.Group, out (Attachment Attachment, HashSet<PciAddress> Functions) entry)
                && entry.Functions.Remove(address) && entry.Functions.Count == 0)
            {
                held.Remove(attachment.Group);
                attachment.Dispose();
            }
        }
    }

    /// <summary>The proofs of ownership of groups; null where one is not held by its file.</summary>
    public List<FileDescriptor>? FindProofs(IEnumerable<int> groups)
    {
        lock (gate)
        {
            var proofs = new List<FileDescriptor>();
            foreach (int group in groups)
            {
                if (!held.TryGetValue(group, out (Attachment Attachment, HashSet<PciAddress> Functions) entry) || entry.Attachment.Proof is not { } proof)
                {
                    return null;
                }

                proofs.Add(proof);
            }

            return proofs;
        }
    }
}
