using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>The features' values (NVM Express Base 2.0, 5.15 and 5.27). None is saved; a reset brings back the defaults.</summary>
/// <param name="state">What they act on.</param>
internal sealed class FeatureStore(ControllerState state)
{
    /// <summary>In kelvins; it never changes.</summary>
    public const ushort Temperature = 313;

    /// <summary>Where it gets too warm, in kelvins.</summary>
    public const ushort WarningTemperature = 343;

    /// <summary>Where it would stop, in kelvins.</summary>
    public const ushort CriticalTemperature = 353;

    /// <summary>The data of Host Behavior Support in bytes.</summary>
    public const int HostBehaviorLength = 512;

    /// <summary>The data of Timestamp in bytes.</summary>
    public const int TimestampLength = 8;

    private const uint Changeable = 1 << 2;
    private const uint IsOfNamespace = 1 << 1;
    private const uint TemperatureEvents = 1 << 1;
    private const uint Under = 1;

    private readonly Dictionary<FeatureId, uint> values = [];
    private readonly byte[] hostBehavior = new byte[HostBehaviorLength];
    private ushort overThreshold = WarningTemperature;
    private ushort underThreshold;
    private long timestampOffset;
    private byte timestampOrigin;

    /// <summary>Whether what is written may stay in caches until it is flushed.</summary>
    public bool IsWriteCacheEnabled => state.Namespaces.HasVolatileCache && Current(FeatureId.VolatileWriteCache) != 0;

    /// <summary>Whether the temperature is beyond a threshold.</summary>
    public bool IsTemperatureCritical => Temperature >= overThreshold || Temperature <= underThreshold;

    /// <summary>The data of Host Behavior Support.</summary>
    public Span<byte> HostBehavior => hostBehavior;

    /// <summary>The data that a feature has beside its value, in bytes.</summary>
    public static int DataLength(FeatureId feature) => feature switch
    {
        FeatureId.Timestamp => TimestampLength,
        FeatureId.HostBehaviorSupport => HostBehaviorLength,
        _ => 0,
    };

    /// <summary>Get Features.</summary>
    /// <param name="feature">Which one.</param>
    /// <param name="select">Which of its values.</param>
    /// <param name="dword11">What is asked for more closely.</param>
    public CommandResult Get(FeatureId feature, FeatureSelect select, uint dword11)
    {
        if (!Exists(feature) || select > FeatureSelect.Capabilities)
        {
            return NvmeStatus.InvalidField;
        }

        if (select == FeatureSelect.Capabilities)
        {
            return new CommandResult(NvmeStatus.Success, Changeable | (feature == FeatureId.ErrorRecovery ? IsOfNamespace : 0));
        }

        bool isCurrent = select == FeatureSelect.Current;
        switch (feature)
        {
            case FeatureId.TemperatureThreshold:
                return GetThreshold(dword11, isCurrent);
            case FeatureId.InterruptVectorConfiguration:
                uint vector = dword11 & 0xFFFF;
                return vector >= (uint)state.Throttle.Vectors
                    ? NvmeStatus.InvalidField
                    : new CommandResult(NvmeStatus.Success, vector | (isCurrent && state.Throttle[(int)vector] ? 1U << 16 : 0));
            case FeatureId.KeepAliveTimer:
                return new CommandResult(NvmeStatus.Success, isCurrent ? state.KeepAlive.Timeout : 0);
            default:
                return new CommandResult(NvmeStatus.Success, isCurrent ? Current(feature) : Default(feature));
        }
    }

    /// <summary>Set Features, but for what has data.</summary>
    /// <param name="feature">Which one.</param>
    /// <param name="value">Dword 11.</param>
    public CommandResult Set(FeatureId feature, uint value)
    {
        switch (feature)
        {
            case FeatureId.PowerManagement when (value & 0x1F) != 0:
                return NvmeStatus.InvalidField; // there is one power state
            case FeatureId.TemperatureThreshold:
                return SetThreshold(value);
            case FeatureId.NumberOfQueues when (value & 0xFFFF) == 0xFFFF || value >> 16 == 0xFFFF:
                return NvmeStatus.InvalidField;
            case FeatureId.NumberOfQueues:
                return new CommandResult(NvmeStatus.Success, Default(feature));
            case FeatureId.InterruptCoalescing:
                state.Throttle.Configure(value);
                break;
            case FeatureId.InterruptVectorConfiguration:
                uint vector = value & 0xFFFF;
                if (vector >= (uint)state.Throttle.Vectors)
                {
                    return NvmeStatus.InvalidField;
                }

                state.Throttle[(int)vector] = (value >> 16 & 1) != 0;
                return NvmeStatus.Success;
            case FeatureId.KeepAliveTimer:
                state.KeepAlive.Set(value);
                return NvmeStatus.Success;
            default:
                break;
        }

        if (!Exists(feature) || DataLength(feature) != 0)
        {
            return NvmeStatus.InvalidField;
        }

        values[feature] = value;
        TellOfTemperature();
        return NvmeStatus.Success;
    }

    /// <summary>The time, in milliseconds since 1970 or the last reset, and where it is from (5.27.1.11).</summary>
    public ulong ReadTimestamp() => ((ulong)(Environment.TickCount64 + timestampOffset) & 0xFFFF_FFFF_FFFF) | ((ulong)timestampOrigin << 48);

    /// <summary>Sets the time.</summary>
    public void WriteTimestamp(ulong value)
    {
        timestampOffset = (long)(value & 0xFFFF_FFFF_FFFF) - Environment.TickCount64;
        timestampOrigin = 1 << 1; // set by the host
    }

    /// <summary>The defaults.</summary>
    public void Reset()
    {
        values.Clear();
        hostBehavior.AsSpan().Clear();
        overThreshold = WarningTemperature;
        underThreshold = 0;
        timestampOffset = -Environment.TickCount64;
        timestampOrigin = 0;
    }

    private bool Exists(FeatureId feature) =>
        Enum.IsDefined(feature) && (feature != FeatureId.VolatileWriteCache || state.Namespaces.HasVolatileCache);

    private uint Current(FeatureId feature) => values.TryGetValue(feature, out uint value) ? value : Default(feature);

    private uint Default(FeatureId feature) => feature switch
    {
        FeatureId.Arbitration => 7, // no limit to how many commands are taken at once
        FeatureId.VolatileWriteCache => 1,
        FeatureId.NumberOfQueues => (uint)(state.Options.IoQueues - 1) * 0x1_0001,
        _ => 0,
    };

    private CommandResult GetThreshold(uint dword11, bool isCurrent) => IsSensor(dword11, isWrite: false)
        ? new CommandResult(NvmeStatus.Success, (dword11 >> 20 & 3, isCurrent) switch
        {
            (Under, true) => underThreshold,
            (Under, false) => 0U,
            (_, true) => overThreshold,
            _ => WarningTemperature,
        })
        : NvmeStatus.InvalidField;

    private CommandResult SetThreshold(uint value)
    {
        if (!IsSensor(value, isWrite: true))
        {
            return NvmeStatus.InvalidField;
        }

        if ((value >> 20 & 3) == Under)
        {
            underThreshold = (ushort)value;
        }
        else
        {
            overThreshold = (ushort)value;
        }

        TellOfTemperature();
        return NvmeStatus.Success;
    }

    // The composite temperature is the only one; all of them may be meant when a threshold is set.
    private static bool IsSensor(uint dword11, bool isWrite)
    {
        uint sensor = dword11 >> 16 & 0xF;
        return dword11 >> 20 is var type && (type & 3) <= Under && (sensor == 0 || (isWrite && sensor == 0xF));
    }

    private void TellOfTemperature()
    {
        if (IsTemperatureCritical && (Current(FeatureId.AsyncEventConfiguration) & TemperatureEvents) != 0)
        {
            state.Events.Add(AsyncEventType.Health, AsyncEventInfo.TemperatureThreshold, LogPage.Smart);
        }
    }
}
