namespace VfioSharp.Nvme.Spec;

/// <summary>Kinds of SGL descriptors (NVM Express Base 2.0, 4.4.1, figure 92).</summary>
internal enum SglType
{
    /// <summary>Data.</summary>
    DataBlock = 0,

    /// <summary>Where data that is read is thrown away.</summary>
    BitBucket = 1,

    /// <summary>More descriptors, and after them more segments.</summary>
    Segment = 2,

    /// <summary>More descriptors, the last.</summary>
    LastSegment = 3,
}
