namespace VfioSharp.Devices.Interrupts;

/// <summary>What an <see cref="EventLoop"/> calls; must not block nor throw.</summary>
internal interface IEventSink
{
    void OnSignalled();
}
