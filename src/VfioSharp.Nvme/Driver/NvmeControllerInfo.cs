namespace VfioSharp.Nvme.Driver;

/// <summary>What a controller says of itself, checked.</summary>
public sealed record NvmeControllerInfo
{
    /// <summary>PCI vendor.</summary>
    public required ushort VendorId { get; init; }

    /// <summary>MN.</summary>
    public required string Model { get; init; }

    /// <summary>SN.</summary>
    public required string SerialNumber { get; init; }

    /// <summary>FR.</summary>
    public required string Firmware { get; init; }

    /// <summary>The version of the specification that it follows.</summary>
    public required Version Version { get; init; }

    /// <summary>NQN of the subsystem; empty where it has none.</summary>
    public required string SubsystemName { get; init; }

    /// <summary>The most data of one command in bytes: the least of what the controller, the page size and the options allow.</summary>
    public required int MaxTransferLength { get; init; }

    /// <summary>The memory page in bytes that was agreed on.</summary>
    public required int PageSize { get; init; }

    /// <summary>How many entries an I/O queue can have.</summary>
    public required int MaxQueueEntries { get; init; }

    /// <summary>How many I/O queues can be had at once.</summary>
    public int QueueCount { get; init; }

    /// <summary>How many interrupt vectors are enabled; 0 where completions are looked for.</summary>
    public int VectorCount { get; init; }

    /// <summary>The distance of doorbells in bytes.</summary>
    public required int DoorbellStride { get; init; }

    /// <summary>Whether doorbells are memory; else each write of one is a message to the backend.</summary>
    public bool DoorbellsMapped { get; init; }

    /// <summary>Whether doorbells are written to memory first, and to the register only where the controller asks for it.</summary>
    public bool UsesShadowDoorbells { get; init; }

    /// <summary>Whether written data may be lost with the power until it is flushed.</summary>
    public required bool HasWriteCache { get; init; }

    /// <summary>Whether it has Compare.</summary>
    public required bool CanCompare { get; init; }

    /// <summary>Whether it has Dataset Management.</summary>
    public required bool CanDeallocate { get; init; }

    /// <summary>Whether it has Write Zeroes.</summary>
    public required bool CanWriteZeroes { get; init; }

    /// <summary>How many error log entries it keeps.</summary>
    public required int ErrorLogEntries { get; init; }

    /// <summary>How many asynchronous event requests it takes.</summary>
    internal int AsyncEventLimit { get; init; }

    /// <summary>NN.</summary>
    internal uint NamespaceLimit { get; init; }

    /// <summary>Whether Doorbell Buffer Config is there.</summary>
    internal bool CanShadowDoorbells { get; init; }
}
