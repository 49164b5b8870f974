namespace VfioSharp.Nvme.Driver;

/// <summary>Something that happened to a controller.</summary>
/// <param name="Kind">What.</param>
/// <param name="Message">The same as a sentence.</param>
/// <param name="Value">Of an asynchronous event, dword 0 of its completion: type, information, log page (NVM Express Base 2.0, 5.2.1).</param>
public readonly record struct NvmeEvent(NvmeEventKind Kind, string Message, uint Value = 0);
