namespace VfioSharp.Nvme.Spec;

/// <summary>What a controller says of itself, 4096 bytes (NVM Express Base 2.0, 5.17.2.1, figure 275; NVM Command Set 1.0, 4.1.5.2).</summary>
/// <param name="bytes">The structure, whole; what a device wrote there may be anything.</param>
internal readonly ref struct IdentifyController(Span<byte> bytes)
{
    /// <summary>Its length in bytes.</summary>
    public const int Length = 4096;

    /// <summary>Where the first of 32 power states is.</summary>
    public const int PowerStates = 2048;

    /// <summary>A power state's length in bytes.</summary>
    public const int PowerStateLength = 32;

    private readonly LittleEndianFields fields = new(bytes[..Length]);

    /// <summary>VID.</summary>
    public ushort VendorId { get => fields.Read16(0); set => fields.Write16(0, value); }

    /// <summary>SSVID.</summary>
    public ushort SubsystemVendorId { get => fields.Read16(2); set => fields.Write16(2, value); }

    /// <summary>SN, up to 20 characters.</summary>
    public string SerialNumber { get => fields.ReadText(4, 20); set => fields.WriteText(4, 20, value); }

    /// <summary>MN, up to 40 characters.</summary>
    public string ModelNumber { get => fields.ReadText(24, 40); set => fields.WriteText(24, 40, value); }

    /// <summary>FR, up to 8 characters.</summary>
    public string FirmwareRevision { get => fields.ReadText(64, 8); set => fields.WriteText(64, 8, value); }

    /// <summary>RAB: how many commands it likes to take at once, as a power of two.</summary>
    public byte ArbitrationBurst { get => fields.Read8(72); set => fields.Write8(72, value); }

    /// <summary>CMIC: ports and controllers of the subsystem.</summary>
    public byte MultiPath { get => fields.Read8(76); set => fields.Write8(76, value); }

    /// <summary>MDTS: the longest transfer, as a power of two of the smallest memory page; 0 for no limit.</summary>
    public byte MaxTransfer { get => fields.Read8(77); set => fields.Write8(77, value); }

    /// <summary>CNTLID.</summary>
    public ushort ControllerId { get => fields.Read16(78); set => fields.Write16(78, value); }

    /// <summary>VER.</summary>
    public uint Version { get => fields.Read32(80); set => fields.Write32(80, value); }

    /// <summary>OAES: which optional asynchronous events it sends.</summary>
    public uint AsyncEvents { get => fields.Read32(92); set => fields.Write32(92, value); }

    /// <summary>CTRATT.</summary>
    public uint Attributes { get => fields.Read32(96); set => fields.Write32(96, value); }

    /// <summary>CNTRLTYPE: 1 for an I/O controller.</summary>
    public byte ControllerType { get => fields.Read8(111); set => fields.Write8(111, value); }

    /// <summary>OACS: optional admin commands; bit 8 for Doorbell Buffer Config.</summary>
    public ushort OptionalAdminCommands { get => fields.Read16(256); set => fields.Write16(256, value); }

    /// <summary>ACL: how many commands it aborts at once, less 1.</summary>
    public byte AbortLimit { get => fields.Read8(258); set => fields.Write8(258, value); }

    /// <summary>AERL: how many asynchronous event requests it takes, less 1.</summary>
    public byte AsyncEventLimit { get => fields.Read8(259); set => fields.Write8(259, value); }

    /// <summary>FRMW: firmware slots; bit 0 if the first is read only, their number in bits 1 to 3.</summary>
    public byte FirmwareSlots { get => fields.Read8(260); set => fields.Write8(260, value); }

    /// <summary>LPA: bit 0 SMART of a namespace, bit 1 commands supported, bit 2 offsets into log pages.</summary>
    public byte LogPageAttributes { get => fields.Read8(261); set => fields.Write8(261, value); }

    /// <summary>ELPE: how many entries the error log has, less 1.</summary>
    public byte ErrorLogEntries { get => fields.Read8(262); set => fields.Write8(262, value); }

    /// <summary>NPSS: how many power states there are, less 1.</summary>
    public byte PowerStateCount { get => fields.Read8(263); set => fields.Write8(263, value); }

    /// <summary>WCTEMP: where it gets too warm, in kelvins.</summary>
    public ushort WarningTemperature { get => fields.Read16(266); set => fields.Write16(266, value); }

    /// <summary>CCTEMP: where it stops, in kelvins.</summary>
    public ushort CriticalTemperature { get => fields.Read16(268); set => fields.Write16(268, value); }

    /// <summary>KAS: the granularity of the keep-alive timer in units of 100 ms; 0 where there is none.</summary>
    public ushort KeepAliveGranularity { get => fields.Read16(320); set => fields.Write16(320, value); }

    /// <summary>SQES: the entry of I/O submission queues as powers of two: required in bits 0 to 3, largest in bits 4 to 7.</summary>
    public byte SubmissionEntrySizes { get => fields.Read8(512); set => fields.Write8(512, value); }

    /// <summary>CQES: the same of completion queues.</summary>
    public byte CompletionEntrySizes { get => fields.Read8(513); set => fields.Write8(513, value); }

    /// <summary>MAXCMD; 0 where it does not say.</summary>
    public ushort MaxCommands { get => fields.Read16(514); set => fields.Write16(514, value); }

    /// <summary>NN: the largest namespace identifier.</summary>
    public uint NamespaceCount { get => fields.Read32(516); set => fields.Write32(516, value); }

    /// <summary>ONCS: optional commands; bit 0 Compare, 2 Dataset Management, 3 Write Zeroes, 4 values of features can be saved.</summary>
    public ushort OptionalCommands { get => fields.Read16(520); set => fields.Write16(520, value); }

    /// <summary>FNA.</summary>
    public byte FormatAttributes { get => fields.Read8(524); set => fields.Write8(524, value); }

    /// <summary>VWC: bit 0 a volatile write cache; bits 1 and 2 what Flush does with all namespaces: 3 flushes all.</summary>
    public byte VolatileWriteCache { get => fields.Read8(525); set => fields.Write8(525, value); }

    /// <summary>AWUN: how many blocks are always written at once, less 1.</summary>
    public ushort AtomicWriteNormal { get => fields.Read16(526); set => fields.Write16(526, value); }

    /// <summary>AWUPF: how many when power fails, less 1.</summary>
    public ushort AtomicWritePowerFail { get => fields.Read16(528); set => fields.Write16(528, value); }

    /// <summary>SGLS: bits 0 and 1 for SGLs (1: any alignment, 2: dwords), 16 bit buckets.</summary>
    public uint SglSupport { get => fields.Read32(536); set => fields.Write32(536, value); }

    /// <summary>SUBNQN, up to 223 bytes of UTF-8, ended by zero.</summary>
    public string SubsystemName
    {
        get => fields.ReadText(768, 256);
        set
        {
            fields.WriteText(768, 256, value);
            fields.Bytes[(768 + value.Length)..1024].Clear();
        }
    }

    /// <summary>MP of a power state: the most it takes, in hundredths of a watt.</summary>
    public void SetMaxPower(int state, ushort centiwatts) => fields.Write16(PowerStates + (state * PowerStateLength), centiwatts);
}
