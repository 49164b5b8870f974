namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>The commands by their numbers in the specification.</summary>
internal static class Commands
{
    public const ushort Version = 1;
    public const ushort DmaMap = 2;
    public const ushort DmaUnmap = 3;
    public const ushort GetInfo = 4;
    public const ushort GetRegionInfo = 5;
    public const ushort GetRegionIoFds = 6;
    public const ushort GetIrqInfo = 7;
    public const ushort SetIrqs = 8;
    public const ushort RegionRead = 9;
    public const ushort RegionWrite = 10;
    public const ushort DmaRead = 11;
    public const ushort DmaWrite = 12;
    public const ushort Reset = 13;
    public const ushort WriteMulti = 15;
    public const ushort Feature = 16;
    public const ushort MigDataRead = 17;
    public const ushort MigDataWrite = 18;

    /// <summary>All that a client sends.</summary>
    public static IEnumerable<ushort> OfClient =>
        [Version, DmaMap, DmaUnmap, GetInfo, GetRegionInfo, GetRegionIoFds, GetIrqInfo, SetIrqs, RegionRead, RegionWrite, Reset, WriteMulti, Feature, MigDataRead, MigDataWrite];
}
