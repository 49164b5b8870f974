using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>What the host knows of a DeviceID that is mapped: its translation table, and which of its events are taken.</summary>
/// <param name="id">The DeviceID.</param>
/// <param name="maximum">How many events it can have.</param>
internal sealed class ItsDevice(uint id, int maximum)
{
    public uint Id => id;

    public NumberSpace Events { get; } = new(0, maximum);

    /// <summary>Where its table begins, in pieces of <see cref="ItsDeviceEntry.TableAlignment"/> bytes.</summary>
    public int Piece { get; set; }

    /// <summary>How many such pieces its table has; none before it is mapped.</summary>
    public int Pieces { get; set; }

    /// <summary>How many of its events are taken.</summary>
    public int Taken { get; set; }
}
