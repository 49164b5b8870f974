namespace VfioSharp.Nvme.Spec;

/// <summary>CNS: what Identify asks for (NVM Express Base 2.0, 5.17.1, figure 274). Each is 4096 bytes.</summary>
internal enum IdentifyStructure : byte
{
    Namespace = 0x00,
    Controller = 0x01,
    ActiveNamespaces = 0x02,
    NamespaceDescriptors = 0x03,

    /// <summary>I/O command set specific: namespace. CSI in dword 11.</summary>
    CommandSetNamespace = 0x05,

    /// <summary>I/O command set specific: controller. CSI in dword 11.</summary>
    CommandSetController = 0x06,

    /// <summary>Namespaces that are there, attached or not.</summary>
    AllocatedNamespaces = 0x10,

    /// <summary>The command sets that can be had together.</summary>
    CommandSets = 0x1C,
}
