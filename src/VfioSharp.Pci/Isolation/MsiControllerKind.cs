namespace VfioSharp.Pci.Isolation;

/// <summary>The interrupt controller that firmware routes a requester's messages to.</summary>
internal enum MsiControllerKind
{
    /// <summary>One that is not known here.</summary>
    Other = 0,

    /// <summary>Arm GICv3 interrupt translation service: looks the message up by the requester's device ID.</summary>
    GicV3Its,

    /// <summary>An ITS fed through Socionext's pre-ITS, which takes the device ID from the address written to: anybody's.</summary>
    GicV3ItsBehindPreIts,

    /// <summary>Arm GICv2m: a frame that anybody can write.</summary>
    GicV2m,

    /// <summary>RISC-V incoming MSI controller.</summary>
    Imsic,
}
