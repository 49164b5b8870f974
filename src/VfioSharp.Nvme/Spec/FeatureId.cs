namespace VfioSharp.Nvme.Spec;

/// <summary>FID: what Get Features and Set Features are about (NVM Express Base 2.0, 5.27.1, figure 317).</summary>
internal enum FeatureId : byte
{
    Arbitration = 0x01,
    PowerManagement = 0x02,
    TemperatureThreshold = 0x04,
    ErrorRecovery = 0x05,
    VolatileWriteCache = 0x06,
    NumberOfQueues = 0x07,
    InterruptCoalescing = 0x08,
    InterruptVectorConfiguration = 0x09,
    WriteAtomicityNormal = 0x0A,
    AsyncEventConfiguration = 0x0B,
    Timestamp = 0x0E,
    KeepAliveTimer = 0x0F,
    HostBehaviorSupport = 0x16,
}
