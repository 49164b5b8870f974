namespace VfioSharp.Devices.Interop;

/// <summary>What poll(2) watches for (<c>include/uapi/asm-generic/poll.h</c>).</summary>
internal static class PollFlags
{
    public const short POLLIN = 1;
    public const short POLLOUT = 4;
    public const short POLLERR = 8;
    public const short POLLHUP = 0x10;
    public const short POLLNVAL = 0x20;
}
