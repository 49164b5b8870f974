using System.Buffers.Binary;
using System.Numerics;
using System.Security.Cryptography;
using System.Text;
using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>What Identify answers (NVM Express Base 2.0, 5.17; NVM Command Set 1.0, 4.1.5).</summary>
/// <param name="state">What is told of.</param>
internal sealed class IdentifyPages(ControllerState state)
{
    private const int UuidLength = 16;
    private const byte UuidDescriptor = 3;
    private const byte CommandSetDescriptor = 4;

    /// <summary>Writes a structure of 4096 bytes.</summary>
    /// <param name="command">Which one, and of what.</param>
    /// <param name="page">Zeros.</param>
    public NvmeStatus Fill(in SubmissionEntry command, Span<byte> page)
    {
        byte commandSet = (byte)(command.Dword11 >> 24);
        switch ((IdentifyStructure)(byte)command.Dword10)
        {
            case IdentifyStructure.Controller:
                FillController(page);
                return NvmeStatus.Success;
            case IdentifyStructure.Namespace:
                return FillNamespace(command.NamespaceId, page);
            case IdentifyStructure.ActiveNamespaces or IdentifyStructure.AllocatedNamespaces:
                return FillList(command.NamespaceId, page);
            case IdentifyStructure.NamespaceDescriptors:
                return FillDescriptors(command.NamespaceId, page);

            // The NVM command set has nothing to say there that is not zero.
            case IdentifyStructure.CommandSetNamespace:
                return commandSet != 0 ? NvmeStatus.InvalidField : CheckNamespace(command.NamespaceId);
            case IdentifyStructure.CommandSetController:
                return commandSet != 0 ? NvmeStatus.InvalidField : NvmeStatus.Success;
            case IdentifyStructure.CommandSets:
                page[0] = 1; // the first combination: the NVM command set alone
                return NvmeStatus.Success;
            default:
                return NvmeStatus.InvalidField;
        }
    }

    private static void WriteUuid(string name, Span<byte> destination)
    {
        // Version 8 of RFC 9562, made of a name: the same for as long as the name is.
        SHA256.HashData(Encoding.ASCII.GetBytes(name)).AsSpan(0, UuidLength).CopyTo(destination);
        destination[6] = (byte)((destination[6] & 0x0F) | 0x80);
        destination[8] = (byte)((destination[8] & 0x3F) | 0x80);
    }

    private void FillController(Span<byte> page)
    {
        NvmeControllerOptions options = state.Options;
        Span<byte> uuid = stackalloc byte[UuidLength];
        WriteUuid($"subsystem {options.SerialNumber} {options.ModelNumber}", uuid);
        var controller = new IdentifyController(page)
        {
            VendorId = ControllerLayout.VendorId,
            SubsystemVendorId = 0,
            SerialNumber = options.SerialNumber,
            ModelNumber = options.ModelNumber,
            FirmwareRevision = options.FirmwareRevision,
            MaxTransfer = ControllerState.MaxTransferShift,
            Version = ControllerState.Version,
            ControllerType = 1,
            OptionalAdminCommands = 1 << 8, // Doorbell Buffer Config
            AbortLimit = 3,
            AsyncEventLimit = AsyncEventQueue.MaxRequests - 1,
            FirmwareSlots = (1 << 1) | 1, // one, that cannot be written
            LogPageAttributes = (1 << 1) | (1 << 2), // commands supported, offsets
            ErrorLogEntries = ErrorHistory.Capacity - 1,
            WarningTemperature = FeatureStore.WarningTemperature,
            CriticalTemperature = FeatureStore.CriticalTemperature,
            KeepAliveGranularity = KeepAliveTimer.Granularity / 100,
            SubmissionEntrySizes = 0x66,
            CompletionEntrySizes = 0x44,
            NamespaceCount = (uint)state.Namespaces.Count,
            OptionalCommands = 1 | (1 << 2) | (1 << 3) | (1 << 6), // Compare, Dataset Management, Write Zeroes, Timestamp
            VolatileWriteCache = (byte)((state.Namespaces.HasVolatileCache ? 1 : 0) | (3 << 1)),
            SglSupport = 1 | (1 << 16), // any alignment; bit buckets
            SubsystemName = $"nqn.2014-08.org.nvmexpress:uuid:{new Guid(uuid, bigEndian: true)}",
        };
        controller.SetMaxPower(0, 2500);
    }

    private NvmeStatus CheckNamespace(uint identifier) =>
        state.Namespaces.Find(identifier) is null ? NvmeStatus.InvalidNamespace : NvmeStatus.Success;

    private NvmeStatus FillNamespace(uint identifier, Span<byte> page)
    {
        // For all of them: what they have in common, which is nothing but that there is one format.
        NvmeNamespace? found = state.Namespaces.Find(identifier);
        if (found is null && identifier != SubmissionEntry.AllNamespaces)
        {
            return NvmeStatus.InvalidNamespace;
        }

        if (found is null)
        {
            return NvmeStatus.Success;
        }

        ulong blocks = (ulong)(found.Length / found.BlockSize);
        var description = new IdentifyNamespace(page)
        {
            Size = blocks,
            Capacity = blocks,
            Utilization = blocks,
            FormatCount = 0,
            DeallocateFeatures = 1 | (1 << 3), // they read as zeros; Write Zeroes deallocates
            Attributes = (byte)(found.IsReadOnly ? 1 : 0),
        };
        description.SetFormat(0, BitOperations.Log2((uint)found.BlockSize), 0);
        return NvmeStatus.Success;
    }

    private NvmeStatus FillList(uint after, Span<byte> page)
    {
        if (after >= SubmissionEntry.AllNamespaces - 1)
        {
            return NvmeStatus.InvalidNamespace;
        }

        int at = 0;
        for (uint identifier = after + 1; identifier <= (uint)state.Namespaces.Count && at < page.Length; identifier++)
        {
            BinaryPrimitives.WriteUInt32LittleEndian(page[at..], identifier);
            at += sizeof(uint);
        }

        return NvmeStatus.Success;
    }

    private NvmeStatus FillDescriptors(uint identifier, Span<byte> page)
    {
        NvmeStatus status = CheckNamespace(identifier);
        if (status == NvmeStatus.Success)
        {
            page[0] = UuidDescriptor;
            page[1] = UuidLength;
            WriteUuid($"namespace {state.Options.SerialNumber} {state.Options.ModelNumber} {identifier}", page[4..(4 + UuidLength)]);
            Span<byte> next = page[(4 + UuidLength)..];
            next[0] = CommandSetDescriptor; // the NVM command set, 0
            next[1] = 1;
        }

        return status;
    }
}
