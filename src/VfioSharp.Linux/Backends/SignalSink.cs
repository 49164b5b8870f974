using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Linux.Backends;

/// <summary>Calls somebody when an eventfd is signalled.</summary>
internal sealed class SignalSink(Action onSignalled) : IEventSink
{
    /// <inheritdoc/>
    public void OnSignalled() => onSignalled();
}
