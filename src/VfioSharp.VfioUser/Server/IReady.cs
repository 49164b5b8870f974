namespace VfioSharp.VfioUser.Server;

/// <summary>What a <see cref="SharedPump"/> watches for.</summary>
internal interface IReady
{
    /// <summary>There may be something to do. Called by any worker, also while a call is under way on another.</summary>
    /// <param name="events">What has come about, of <see cref="Devices.Interop.EpollFlags"/>; 0 for what was posted.</param>
    void OnReady(uint events);
}
