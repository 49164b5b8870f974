namespace VfioSharp.VfioUser.Server;

/// <summary>Takes commands of the server's to its client, and replies back. Any thread.</summary>
internal interface ICallTransport
{
    /// <summary>Sends a command and waits for its reply.</summary>
    /// <param name="id">The command's, by which the reply is known.</param>
    /// <param name="message">The whole command.</param>
    /// <param name="call">Takes the reply.</param>
    /// <param name="time">How long to wait; a client that takes longer ends its connection.</param>
    /// <returns>Whether there is a reply.</returns>
    bool Call(ushort id, ReadOnlySpan<byte> message, PendingCall call, TimeSpan time);

    /// <summary>The calling thread is about to wait for the client.</summary>
    void BeginWait();

    /// <summary>Ends the connection, for this reason.</summary>
    void Fail(string reason);
}
