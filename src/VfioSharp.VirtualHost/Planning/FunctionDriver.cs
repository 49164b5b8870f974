namespace VfioSharp.VirtualHost.Planning;

/// <summary>Who holds a function of a virtual host.</summary>
public enum FunctionDriver
{
    /// <summary>Nobody.</summary>
    None = 0,

    /// <summary>A driver of the host's kernel, which enables vectors and takes them.</summary>
    Native,

    /// <summary>vfio-pci: whoever opens it.</summary>
    VfioPci,
}
