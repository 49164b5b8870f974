namespace VfioSharp.VfioUser.Server;

/// <summary>What those who serve a client may ask of its connection.</summary>
internal interface IConnection
{
    /// <summary>Ends it, for this reason. Any thread.</summary>
    void Fail(string reason);

    /// <summary>A doorbell was rung: whoever works for the connection tells the function. Called by a worker of the pump.</summary>
    void OnRung();
}
