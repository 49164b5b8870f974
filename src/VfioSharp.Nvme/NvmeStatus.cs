namespace VfioSharp.Nvme;

/// <summary>
/// How a command ended: status code type in bits 8 to 10, status code in bits 0 to 7, as in a completion entry without its other bits (NVM Express
/// Base 2.0, 4.6.2). Codes that are not named here are possible too.
/// </summary>
public enum NvmeStatus
{
    /// <summary>It did what it was asked to.</summary>
    Success = 0x000,

    /// <summary>There is no such command.</summary>
    InvalidOpcode = 0x001,

    /// <summary>A field holds what it may not.</summary>
    InvalidField = 0x002,

    /// <summary>The identifier belongs to a command that is under way.</summary>
    CommandIdConflict = 0x003,

    /// <summary>Data or metadata could not be moved.</summary>
    DataTransferError = 0x004,

    /// <summary>The controller lost power, or was about to.</summary>
    PowerLoss = 0x005,

    /// <summary>Something went wrong inside the controller.</summary>
    InternalError = 0x006,

    /// <summary>Abort was asked for it.</summary>
    AbortRequested = 0x007,

    /// <summary>Its submission queue was deleted.</summary>
    AbortedByQueueDeletion = 0x008,

    /// <summary>The namespace does not exist, or its format does not fit.</summary>
    InvalidNamespace = 0x00B,

    /// <summary>Commands came in an order that is forbidden.</summary>
    CommandSequenceError = 0x00C,

    /// <summary>An SGL segment descriptor is none, or stands where it may not.</summary>
    InvalidSglSegment = 0x00D,

    /// <summary>The number of SGL descriptors is wrong.</summary>
    InvalidSglCount = 0x00E,

    /// <summary>The SGL is shorter or longer than the data.</summary>
    InvalidSglLength = 0x00F,

    /// <summary>An SGL descriptor's type is not supported.</summary>
    InvalidSglType = 0x011,

    /// <summary>A PRP's offset is not a multiple of 4, or not 0 where it must be.</summary>
    InvalidPrpOffset = 0x013,

    /// <summary>The data of a command cannot be written at once, as it asked for.</summary>
    AtomicWriteUnitExceeded = 0x014,

    /// <summary>The namespace is write protected.</summary>
    NamespaceWriteProtected = 0x020,

    /// <summary>A format or sanitize operation is under way.</summary>
    FormatInProgress = 0x084,

    /// <summary>Logical blocks lie beyond the end of the namespace.</summary>
    LbaOutOfRange = 0x080,

    /// <summary>It would make the namespace longer than it can be.</summary>
    CapacityExceeded = 0x081,

    /// <summary>The namespace is not ready; later it may be.</summary>
    NamespaceNotReady = 0x082,

    /// <summary>The completion queue that a new submission queue names is not there.</summary>
    CompletionQueueInvalid = 0x100,

    /// <summary>There is no such queue, or it is there already, or it cannot be had.</summary>
    InvalidQueueIdentifier = 0x101,

    /// <summary>A queue is too short, or longer than the controller can have it.</summary>
    InvalidQueueSize = 0x102,

    /// <summary>More commands are to be aborted than the controller takes at once.</summary>
    AbortLimitExceeded = 0x103,

    /// <summary>More asynchronous event requests than the controller takes.</summary>
    AsyncEventLimitExceeded = 0x105,

    /// <summary>There is no such firmware slot.</summary>
    InvalidFirmwareSlot = 0x106,

    /// <summary>There is no such interrupt vector.</summary>
    InvalidInterruptVector = 0x108,

    /// <summary>There is no such log page.</summary>
    InvalidLogPage = 0x109,

    /// <summary>There is no such format.</summary>
    InvalidFormat = 0x10A,

    /// <summary>A completion queue still has submission queues.</summary>
    InvalidQueueDeletion = 0x10C,

    /// <summary>The value of the feature cannot be saved.</summary>
    FeatureNotSaveable = 0x10D,

    /// <summary>The feature cannot be changed.</summary>
    FeatureNotChangeable = 0x10E,

    /// <summary>The feature is not of a single namespace.</summary>
    FeatureNotNamespaceSpecific = 0x10F,

    /// <summary>Attributes of the command contradict each other, or those of the namespace.</summary>
    ConflictingAttributes = 0x180,

    /// <summary>It writes where only reads are allowed.</summary>
    WriteToReadOnlyRange = 0x182,

    /// <summary>What was written could not be.</summary>
    WriteFault = 0x280,

    /// <summary>What was read cannot be had back.</summary>
    UnrecoveredReadError = 0x281,

    /// <summary>What was compared differs.</summary>
    CompareFailure = 0x285,

    /// <summary>Blocks were deallocated or never written, and reading them is an error here.</summary>
    DeallocatedOrUnwritten = 0x287,

    /// <summary>Said by a driver, not by a controller: there is no way to the controller any more, and whether the command was carried out is not known.</summary>
    HostPathingError = 0x370,

    /// <summary>Said by a driver, not by a controller: it gave the command up, and whether it was carried out is not known.</summary>
    AbortedByHost = 0x371,
}
