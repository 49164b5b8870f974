namespace VfioSharp.VirtualHost.Units.S390;

/// <summary>What MODIFY PCI FUNCTION CONTROLS answers (ZPCI_MOD_ST_* in QEMU's s390-pci-inst.h).</summary>
internal enum ModifyStatus
{
    /// <summary>Done.</summary>
    Done = 0,

    /// <summary>Memory that the block names is not there.</summary>
    ResourceNotAvailable = 4,

    /// <summary>The function's interruptions are registered already, or are not.</summary>
    WrongSequence = 24,
}
