namespace VfioSharp.Nvme.Controller;

/// <summary>How a controller learns that a doorbell was rung.</summary>
public enum NvmeDoorbells
{
    /// <summary>Doorbells are memory that a driver may map. A store there wakes nobody, so they are polled.</summary>
    Mapped,

    /// <summary>Doorbells are registers: each write is a message, and wakes the controller.</summary>
    Trapped,
}
