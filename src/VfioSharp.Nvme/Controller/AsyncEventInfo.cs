namespace VfioSharp.Nvme.Controller;

/// <summary>What happened, by the event's type: dword 0 of its completion, bits 8 to 15 (NVM Express Base 2.0, 5.2.1, figures 146 to 148).</summary>
internal static class AsyncEventInfo
{
    /// <summary>Error: a doorbell of a queue that is not there was written.</summary>
    public const byte InvalidDoorbellRegister = 0;

    /// <summary>Error: a doorbell was written with what lies outside of the queue.</summary>
    public const byte InvalidDoorbellValue = 1;

    /// <summary>Health: a temperature threshold was passed.</summary>
    public const byte TemperatureThreshold = 1;
}
