namespace VfioSharp.Nvme.Controller;

/// <summary>Where a controller has its MSI-X table.</summary>
public enum MsixTableLocation
{
    /// <summary>In BAR 0, in the same 4096 bytes as the doorbells: who may not map the table's page cannot map the doorbells.</summary>
    Shared,

    /// <summary>In BAR 4, alone.</summary>
    Own,
}
