using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Driver;

/// <summary>Asks a controller what it is and has, and believes nothing that cannot be.</summary>
/// <param name="access">Its registers.</param>
/// <param name="admin">Its admin queue.</param>
/// <param name="failures">What becomes of nonsense.</param>
internal sealed class ControllerSurvey(ControllerAccess access, AdminQueue admin, CommandFailures failures)
{
    private const int MaxNamespaces = 1024;
    private const int MinBlockShift = 9;
    private const int MaxBlockShift = 16;
    private const int MaxTransferShift = 20;

    /// <summary>Reads what the controller says of itself.</summary>
    /// <param name="page">Where it may put it, a memory page.</param>
    /// <param name="maxTransfer">The caller's limit in bytes.</param>
    /// <exception cref="Devices.PciException">It does not answer, or what it says cannot be.</exception>
    public async ValueTask<NvmeControllerInfo> ReadControllerAsync(DmaBuffer page, int maxTransfer)
    {
        await admin.IdentifyAsync(IdentifyStructure.Controller, 0, page).ConfigureAwait(false);

        // A copy, for the controller can write to its page at any time.
        byte[] copy = page.Span[..IdentifyController.Length].ToArray();
        return Describe(new IdentifyController(copy), maxTransfer);
    }

    /// <summary>Reads what namespaces there are.</summary>
    /// <param name="page">Where the controller may put it, a memory page.</param>
    /// <param name="count">NN.</param>
    /// <exception cref="Devices.PciException">The controller does not answer, or what it says cannot be.</exception>
    public async ValueTask<ImmutableArray<NvmeNamespaceInfo>> ReadNamespacesAsync(DmaBuffer page, uint count)
    {
        var found = ImmutableArray.CreateBuilder<NvmeNamespaceInfo>();
        foreach (uint id in await ReadActiveAsync(page, count).ConfigureAwait(false))
        {
            await admin.IdentifyAsync(IdentifyStructure.Namespace, id, page).ConfigureAwait(false);
            byte[] copy = page.Span[..IdentifyNamespace.Length].ToArray();
            if (Describe(id, new IdentifyNamespace(copy)) is { } space)
            {
                found.Add(space);
            }
        }

        return found.ToImmutable();
    }

    private async ValueTask<List<uint>> ReadActiveAsync(DmaBuffer page, uint count)
    {
        var ids = new List<uint>();
        if (access.Version < new Version(1, 1, 0))
        {
            for (uint id = 1; id <= Math.Min(count, MaxNamespaces); id++)
            {
                ids.Add(id);
            }

            return ids;
        }

        uint last = 0;
        while (true)
        {
            await admin.IdentifyAsync(IdentifyStructure.ActiveNamespaces, last, page).ConfigureAwait(false);
            uint[] list = MemoryMarshal.Cast<byte, uint>(page.Span[..4096]).ToArray();
            foreach (uint id in list)
            {
                if (id == 0)
                {
                    return ids;
                }

                if (id <= last || id > 0xFFFF_FFFE || ids.Count == MaxNamespaces)
                {
                    throw failures.Nonsense(
                        "Identify ActiveNamespaces", $"its list of namespaces has {id} after {last}, or more than the {MaxNamespaces} that this driver takes");
                }

                last = id;
                ids.Add(id);
            }
        }
    }

    private NvmeControllerInfo Describe(IdentifyController said, int maxTransfer)
    {
        CheckEntry("submission", said.SubmissionEntrySizes, 6);
        CheckEntry("completion", said.CompletionEntrySizes, 4);
        long limit = (long)access.PageSize / PrpRules.EntryLength * access.PageSize;
        if (said.MaxTransfer is > 0 and < MaxTransferShift)
        {
            limit = Math.Min(limit, access.Capabilities.MinPageSize << said.MaxTransfer);
        }

        return new NvmeControllerInfo
        {
            VendorId = said.VendorId,
            Model = said.ModelNumber,
            SerialNumber = said.SerialNumber,
            Firmware = said.FirmwareRevision,
            Version = access.Version,
            SubsystemName = said.SubsystemName,
            MaxTransferLength = (int)Math.Min(limit, Math.Max(maxTransfer / access.PageSize * access.PageSize, access.PageSize)),
            PageSize = access.PageSize,
            MaxQueueEntries = access.Capabilities.MaxQueueEntries,
            DoorbellStride = access.Capabilities.DoorbellStride,
            HasWriteCache = (said.VolatileWriteCache & 1) != 0,
            CanCompare = (said.OptionalCommands & 1) != 0,
            CanDeallocate = (said.OptionalCommands & 4) != 0,
            CanWriteZeroes = (said.OptionalCommands & 8) != 0,
            ErrorLogEntries = said.ErrorLogEntries + 1,
            AsyncEventLimit = said.AsyncEventLimit + 1,
            NamespaceLimit = said.NamespaceCount,
            CanShadowDoorbells = (said.OptionalAdminCommands & 0x100) != 0,
        };
    }

    private void CheckEntry(string queue, byte sizes, int wanted)
    {
        if ((sizes & 0xF) > wanted || sizes >> 4 < wanted)
        {
            throw failures.Nonsense(
                "Identify Controller", $"entries of its {queue} queues have 2^{sizes & 0xF} to 2^{sizes >> 4} bytes, where the specification asks for {1 << wanted}");
        }
    }

    // Null where there is no such namespace after all: it may have gone since the list was made.
    private NvmeNamespaceInfo? Describe(uint id, IdentifyNamespace said)
    {
        if (said.Size == 0)
        {
            return null;
        }

        // The format's number: bits 0 to 3, and above them bits 5 and 6 where there are more than 16 (NVM Command Set 1.0, figure 97).
        int format = (said.Format & 0xF) | (said.FormatCount >= 16 ? (said.Format & 0x60) >> 1 : 0);
        int shift = said.BlockShift(format);
        if (shift is < MinBlockShift or > MaxBlockShift)
        {
            throw failures.Nonsense("Identify Namespace", $"blocks of its namespace {id} have 2^{shift} bytes (format {format})");
        }

        if (said.Size > (ulong)long.MaxValue >> shift)
        {
            throw failures.Nonsense("Identify Namespace", $"its namespace {id} has {said.Size} blocks of {1 << shift} bytes, more than 64 bits can count");
        }

        return new NvmeNamespaceInfo
        {
            Id = id,
            BlockSize = 1 << shift,
            BlockCount = (long)said.Size,
            MetadataLength = said.MetadataLength(format),
            IsWriteProtected = (said.Attributes & 1) != 0,
            DeallocatedReadsZero = (said.DeallocateFeatures & 7) == 1,
            Eui64 = Hex(said.Eui64),
            Nguid = Hex(said.Guid),
        };
    }

    private static string? Hex(ReadOnlySpan<byte> bytes) => bytes.ContainsAnyExcept((byte)0) ? Convert.ToHexStringLower(bytes) : null;
}
