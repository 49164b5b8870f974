namespace VfioSharp.VfioUser.Wire;

/// <summary>The flags of a message's header.</summary>
[Flags]
internal enum MessageFlags : uint
{
    /// <summary>A command that is to be replied to.</summary>
    None = 0,

    /// <summary>The type's first value: a reply.</summary>
    Reply = 1,

    /// <summary>All bits of the type, of which the values above 1 mean nothing.</summary>
    TypeMask = 0xF,

    /// <summary>A command that is not to be replied to.</summary>
    NoReply = 0x10,

    /// <summary>A reply that tells of a failure: the header's error number is valid, and nothing follows.</summary>
    Error = 0x20,
}
