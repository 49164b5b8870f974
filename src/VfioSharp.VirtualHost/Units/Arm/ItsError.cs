namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>
/// What is wrong with an ITS command or a translation: the last byte of the architecture's error encodings (IHI 0069, 5.5), the same for all commands.
/// </summary>
internal enum ItsError
{
    None = 0,
    DeviceOutOfRange = 0x01,
    IttSizeOutOfRange = 0x02,
    CollectionOutOfRange = 0x03,
    UnmappedDevice = 0x04,
    EventOutOfRange = 0x05,
    IntidOutOfRange = 0x06,
    UnmappedInterrupt = 0x07,
    UnmappedCollection = 0x09,
}
