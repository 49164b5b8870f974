namespace VfioSharp.Nvme.Spec;

/// <summary>The register CSTS (NVM Express Base 2.0, 3.1.3.6).</summary>
[Flags]
internal enum ControllerStatus : uint
{
    None = 0,

    /// <summary>RDY: commands are processed.</summary>
    Ready = 1 << 0,

    /// <summary>CFS: it has failed, and only a reset helps.</summary>
    Fatal = 1 << 1,

    /// <summary>SHST: a shutdown is under way.</summary>
    ShutdownOccurring = 1 << 2,

    /// <summary>SHST: a shutdown is complete.</summary>
    ShutdownComplete = 1 << 3,

    /// <summary>NSSRO: the subsystem was reset.</summary>
    SubsystemResetOccurred = 1 << 4,

    /// <summary>Both bits of SHST.</summary>
    ShutdownMask = ShutdownOccurring | ShutdownComplete,
}
