namespace VfioSharp.Testing.Faults;

/// <summary>What becomes of an event that a rule picks.</summary>
public enum FaultAction
{
    /// <summary>It does not happen and nobody is told: a write is lost, a read gives all ones, an interrupt never comes.</summary>
    Drop,

    /// <summary>It happens only after <see cref="FaultRule.After"/> more events of its kind (registers, memory or interrupts) have passed.</summary>
    Delay,

    /// <summary>It happens twice; the second time after <see cref="FaultRule.After"/> more events and, in memory, <see cref="FaultRule.Shift"/> bytes on.</summary>
    Duplicate,

    /// <summary>Bits of it are flipped on the way; an interrupt arrives as another vector's.</summary>
    Corrupt,

    /// <summary>It fails, and who asked is told: the function that its access was refused, the driver that its memory cannot be mapped.</summary>
    Refuse,

    /// <summary>The function is gone from here on, this event included.</summary>
    Remove,
}
