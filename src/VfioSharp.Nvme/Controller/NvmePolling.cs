namespace VfioSharp.Nvme.Controller;

/// <summary>What a controller does while there is nothing to do. Nothing is polled while it is not enabled.</summary>
public enum NvmePolling
{
    /// <summary>Spins for some microseconds, then lets others run between looks, then sleeps: until a doorbell rings, or for an interval where none can be heard.</summary>
    Adaptive,

    /// <summary>Keeps a processor to itself.</summary>
    Spin,
}
