namespace VfioSharp.VfioUser.Wire;

/// <summary>What one side of a connection can do and takes ("VFIO_USER_VERSION", the table of capabilities). The defaults hold for what it does not say.</summary>
internal sealed record Capabilities
{
    /// <summary>The specification's default of <see cref="MaxDataTransfer"/>.</summary>
    public const int DefaultMaxDataTransfer = 1 << 20;

    /// <summary>The specification's default of <see cref="MaxDmaMaps"/>.</summary>
    public const int DefaultMaxDmaMaps = 65535;

    /// <summary>The specification's default of <see cref="PageSizes"/>.</summary>
    public const ulong DefaultPageSizes = 4096;

    /// <summary>Of one who says nothing at all.</summary>
    public static Capabilities None { get; } = new();

    /// <summary>How many descriptors it takes with one message.</summary>
    public int MaxMessageDescriptors { get; init; } = 1;

    /// <summary>How many bytes it takes with one read or write of a region, of memory, or of a state.</summary>
    public int MaxDataTransfer { get; init; } = DefaultMaxDataTransfer;

    /// <summary>How many pieces of memory it can be shown at once.</summary>
    public int MaxDmaMaps { get; init; } = DefaultMaxDmaMaps;

    /// <summary>Which page sizes memory may be in, a bit each.</summary>
    public ulong PageSizes { get; init; } = DefaultPageSizes;

    /// <summary>Whether it takes several writes in one message.</summary>
    public bool WriteMultiple { get; init; }

    /// <summary>Whether it has, or would have, a socket of their own for the server's commands.</summary>
    public bool TwinSocket { get; init; }

    /// <summary>Which of the descriptors that come along is that socket: in the server's answer only.</summary>
    public int? TwinSocketIndex { get; init; }
}
