using System.Runtime.InteropServices;

namespace VfioSharp.Nvme.Spec;

/// <summary>A command, 64 bytes (NVM Express Base 2.0, 4.1, figure 87). Little-endian in memory, as .NET runs everywhere that this does.</summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
internal struct SubmissionEntry
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 64;

    /// <summary>The namespace identifier that means all of them.</summary>
    public const uint AllNamespaces = uint.MaxValue;

    private const byte TransferMask = 0xC0;
    private const byte FuseMask = 0x03;

    /// <summary>Which command: <see cref="AdminOpcode"/> or <see cref="IoOpcode"/>.</summary>
    public byte Opcode;

    /// <summary>Fused operation in bits 0 and 1, PRP or SGL in bits 6 and 7.</summary>
    public byte Flags;

    /// <summary>CID: unique among the commands of its queue that are under way.</summary>
    public ushort CommandId;

    /// <summary>NSID: 1 and up; 0 for none, <see cref="AllNamespaces"/> for all.</summary>
    public uint NamespaceId;

    /// <summary>Command dword 2.</summary>
    public uint Dword2;

    /// <summary>Command dword 3.</summary>
    public uint Dword3;

    /// <summary>MPTR: where the metadata is.</summary>
    public ulong Metadata;

    /// <summary>PRP1, or the lower half of <see cref="SglDescriptor"/>: its address.</summary>
    public ulong Prp1;

    /// <summary>PRP2, or the upper half of the descriptor.</summary>
    public ulong Prp2;

    /// <summary>Command dword 10.</summary>
    public uint Dword10;

    /// <summary>Command dword 11.</summary>
    public uint Dword11;

    /// <summary>Command dword 12.</summary>
    public uint Dword12;

    /// <summary>Command dword 13.</summary>
    public uint Dword13;

    /// <summary>Command dword 14.</summary>
    public uint Dword14;

    /// <summary>Command dword 15.</summary>
    public uint Dword15;

    /// <summary>PSDT: how the data is described.</summary>
    public readonly DataTransfer Transfer => (DataTransfer)((Flags & TransferMask) >> 6);

    /// <summary>FUSE: 0 for a command by itself.</summary>
    public readonly int Fuse => Flags & FuseMask;

    /// <summary>SLBA of reads, writes and their like: the first logical block.</summary>
    public readonly ulong StartingBlock => Dword10 | ((ulong)Dword11 << 32);

    /// <summary>NLB of reads, writes and their like: how many logical blocks, 1 to 65536.</summary>
    public readonly int BlockCount => (int)(Dword12 & 0xFFFF) + 1;

    /// <summary>Makes <see cref="Flags"/> of a command by itself.</summary>
    public static byte FlagsOf(DataTransfer transfer) => (byte)((int)transfer << 6);

    /// <summary>The data's SGL descriptor, where there is one in place of PRPs.</summary>
    public readonly SglDescriptor Sgl => new(Prp1, Prp2);
}
