namespace VfioSharp.Nvme.Spec;

/// <summary>How data is described by PRP entries (NVM Express Base 2.0, 4.3).</summary>
internal static class PrpRules
{
    /// <summary>An entry of a PRP list in bytes.</summary>
    public const int EntryLength = 8;

    /// <summary>How many pages a transfer touches.</summary>
    /// <param name="address">Where it starts.</param>
    /// <param name="length">In bytes, at least 1.</param>
    /// <param name="pageSize">The memory page in bytes, a power of two.</param>
    public static long PageCount(ulong address, long length, long pageSize) => ((long)(address & (ulong)(pageSize - 1)) + length + pageSize - 1) / pageSize;
}
