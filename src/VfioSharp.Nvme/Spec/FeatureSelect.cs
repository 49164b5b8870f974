namespace VfioSharp.Nvme.Spec;

/// <summary>SEL: which value Get Features asks for (NVM Express Base 2.0, 5.15.1, figure 189).</summary>
internal enum FeatureSelect
{
    Current = 0,
    Default = 1,
    Saved = 2,

    /// <summary>Whether it can be saved (bit 0), is of a namespace (bit 1), can be changed (bit 2).</summary>
    Capabilities = 3,
}
