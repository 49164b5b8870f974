namespace VfioSharp.Nvme.Spec;

/// <summary>The type of an asynchronous event, dword 0 of its completion, bits 0 to 2 (NVM Express Base 2.0, 5.2.1, figure 145).</summary>
internal enum AsyncEventType
{
    Error = 0,
    Health = 1,
    Notice = 2,
    CommandSet = 6,
    VendorSpecific = 7,
}
