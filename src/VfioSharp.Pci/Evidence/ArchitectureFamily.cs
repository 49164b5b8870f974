namespace VfioSharp.Pci.Evidence;

/// <summary>The processor architectures whose interrupt paths differ.</summary>
public enum ArchitectureFamily
{
    /// <summary>Not told, or none of those below.</summary>
    Unknown = 0,

    /// <summary>x86, 32 and 64 bits.</summary>
    X86,

    /// <summary>64-bit Arm.</summary>
    Arm64,

    /// <summary>64-bit Power, either byte order.</summary>
    Power,

    /// <summary>IBM Z.</summary>
    S390,

    /// <summary>RISC-V.</summary>
    RiscV,
}
