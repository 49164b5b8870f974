namespace VfioSharp.Nvme.Spec;

/// <summary>The log page about a controller's health, 512 bytes (NVM Express Base 2.0, 5.16.1.3, figure 207).</summary>
/// <param name="bytes">The structure, whole.</param>
internal readonly ref struct SmartLog(Span<byte> bytes)
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 512;

    private readonly LittleEndianFields fields = new(bytes[..Length]);

    /// <summary>Bit 0 spare, 1 temperature, 2 reliability, 3 read only, 4 backup failed.</summary>
    public byte CriticalWarning { get => fields.Read8(0); set => fields.Write8(0, value); }

    /// <summary>In kelvins.</summary>
    public ushort Temperature { get => fields.Read16(1); set => fields.Write16(1, value); }

    /// <summary>In percent.</summary>
    public byte AvailableSpare { get => fields.Read8(3); set => fields.Write8(3, value); }

    /// <summary>Below which it is a warning, in percent.</summary>
    public byte SpareThreshold { get => fields.Read8(4); set => fields.Write8(4, value); }

    /// <summary>Of the life that it was made for, in percent.</summary>
    public byte PercentageUsed { get => fields.Read8(5); set => fields.Write8(5, value); }

    /// <summary>In thousands of 512 bytes, rounded up.</summary>
    public UInt128 DataUnitsRead { get => fields.Read128(32); set => fields.Write128(32, value); }

    /// <summary>In thousands of 512 bytes, rounded up.</summary>
    public UInt128 DataUnitsWritten { get => fields.Read128(48); set => fields.Write128(48, value); }

    /// <summary>Reads and compares.</summary>
    public UInt128 ReadCommands { get => fields.Read128(64); set => fields.Write128(64, value); }

    /// <summary>Writes.</summary>
    public UInt128 WriteCommands { get => fields.Read128(80); set => fields.Write128(80, value); }

    /// <summary>In minutes.</summary>
    public UInt128 BusyTime { get => fields.Read128(96); set => fields.Write128(96, value); }

    /// <summary>How often it was turned on.</summary>
    public UInt128 PowerCycles { get => fields.Read128(112); set => fields.Write128(112, value); }

    /// <summary>In hours.</summary>
    public UInt128 PowerOnHours { get => fields.Read128(128); set => fields.Write128(128, value); }

    /// <summary>How often power went without notice.</summary>
    public UInt128 UnsafeShutdowns { get => fields.Read128(144); set => fields.Write128(144, value); }

    /// <summary>Data that was lost.</summary>
    public UInt128 MediaErrors { get => fields.Read128(160); set => fields.Write128(160, value); }

    /// <summary>How many entries were ever written to the error log.</summary>
    public UInt128 ErrorLogEntries { get => fields.Read128(176); set => fields.Write128(176, value); }
}
