namespace VfioSharp.Nvme.Spec;

/// <summary>PSDT: how a command describes its data (NVM Express Base 2.0, 4.1, figure 87).</summary>
internal enum DataTransfer
{
    /// <summary>By two PRP entries.</summary>
    Prp = 0,

    /// <summary>By an SGL; metadata in one contiguous buffer.</summary>
    Sgl = 1,

    /// <summary>By an SGL; metadata by an SGL too.</summary>
    SglWithMetadata = 2,
}
