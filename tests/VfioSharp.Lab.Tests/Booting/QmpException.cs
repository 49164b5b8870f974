namespace VfioSharp.Lab.Tests.Booting;

/// <summary>QEMU refused a command, or ended before its answer.</summary>
internal sealed class QmpException(string message) : Exception(message);
