namespace VfioSharp.Nvme.Spec;

/// <summary>What a host says of power that is about to go: CC.SHN (NVM Express Base 2.0, 3.1.3.5).</summary>
internal enum ShutdownNotice
{
    None = 0,
    Normal = 1,
    Abrupt = 2,
}
