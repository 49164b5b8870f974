using System.Runtime.InteropServices;

namespace VfioSharp.Nvme.Spec;

/// <summary>A completion, 16 bytes (NVM Express Base 2.0, 4.6). The last field is what tells that the entry is new: read first, written last.</summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
internal struct CompletionEntry
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 16;

    private const ushort PhaseBit = 1;

    /// <summary>What the command says beside its status.</summary>
    public uint Dword0;

    /// <summary>Command dword 1; reserved in most.</summary>
    public uint Dword1;

    /// <summary>SQHD: how far the controller has taken entries from the submission queue.</summary>
    public ushort SubmissionHead;

    /// <summary>SQID: the submission queue.</summary>
    public ushort SubmissionQueue;

    /// <summary>CID: the command.</summary>
    public ushort CommandId;

    /// <summary>Phase tag in bit 0, status code and type in bits 1 to 11, More in bit 14, Do Not Retry in bit 15.</summary>
    public ushort StatusField;

    /// <summary>P: alternates with each turn of the queue, 1 in the first.</summary>
    public readonly bool Phase => (StatusField & PhaseBit) != 0;

    /// <summary>SCT and SC.</summary>
    public readonly NvmeStatus Status => (NvmeStatus)((StatusField >> 1) & 0x7FF);

    /// <summary>DNR: the same command would fail again.</summary>
    public readonly bool DoNotRetry => (StatusField & 0x8000) != 0;

    /// <summary>Makes the last field.</summary>
    /// <param name="status">How the command ended.</param>
    /// <param name="phase">The queue's phase tag.</param>
    /// <param name="doNotRetry">Whether the same command would fail again.</param>
    /// <param name="more">Whether the error log has more about it.</param>
    public static ushort Field(NvmeStatus status, bool phase, bool doNotRetry = false, bool more = false) => (ushort)(
        (phase ? 1 : 0) | ((int)status << 1) | (more ? 0x4000 : 0) | (doNotRetry ? 0x8000 : 0));
}
