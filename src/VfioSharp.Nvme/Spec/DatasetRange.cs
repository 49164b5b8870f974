using System.Runtime.InteropServices;

namespace VfioSharp.Nvme.Spec;

/// <summary>A range of Dataset Management, 16 bytes, of which a command has up to 256 (NVM Express NVM Command Set 1.0, 3.2.3, figure 40).</summary>
[StructLayout(LayoutKind.Sequential, Size = Length)]
internal struct DatasetRange
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 16;

    /// <summary>How many a command can have.</summary>
    public const int MaxCount = 256;

    /// <summary>AD, in dword 11 of the command: the ranges are not needed any more.</summary>
    public const uint Deallocate = 1 << 2;

    /// <summary>Hints of how it will be used.</summary>
    public uint ContextAttributes;

    /// <summary>In logical blocks.</summary>
    public uint BlockCount;

    /// <summary>The first logical block.</summary>
    public ulong StartingBlock;
}
