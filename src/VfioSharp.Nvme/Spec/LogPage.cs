namespace VfioSharp.Nvme.Spec;

/// <summary>LID: what Get Log Page asks for (NVM Express Base 2.0, 5.16.1, figure 202).</summary>
internal enum LogPage : byte
{
    SupportedLogPages = 0x00,
    Error = 0x01,
    Smart = 0x02,
    FirmwareSlots = 0x03,
    ChangedNamespaces = 0x04,
    CommandsSupported = 0x05,
}
