namespace VfioSharp.VfioUser.Wire;

/// <summary>What a message asks for ("Commands" of the specification).</summary>
internal enum MessageCommand : ushort
{
    Version = 1,
    DmaMap = 2,
    DmaUnmap = 3,
    DeviceGetInfo = 4,
    DeviceGetRegionInfo = 5,
    DeviceGetRegionIoFds = 6,
    DeviceGetIrqInfo = 7,
    DeviceSetIrqs = 8,
    RegionRead = 9,
    RegionWrite = 10,

    /// <summary>The server's, as the next: memory that it could not map.</summary>
    DmaRead = 11,
    DmaWrite = 12,
    DeviceReset = 13,
    RegionWriteMulti = 15,
    DeviceFeature = 16,
    MigrationDataRead = 17,
    MigrationDataWrite = 18,
}
