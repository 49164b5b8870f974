namespace VfioSharp.Pci.Evidence;

/// <summary>How the attempt to read one file of a host ended.</summary>
public enum HostFileState
{
    /// <summary>There is no such file.</summary>
    Absent = 0,

    /// <summary>The file was read.</summary>
    Read,

    /// <summary>The file is there, but this reader lacks the privilege (EPERM, EACCES).</summary>
    Denied,

    /// <summary>The file is there, but reading it failed for another reason.</summary>
    Failed,
}
