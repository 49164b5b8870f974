namespace VfioSharp.Devices.Interop;

internal sealed class EventFd : IDisposable
{
    public void Dispose() => throw new NotImplementedException();
}
