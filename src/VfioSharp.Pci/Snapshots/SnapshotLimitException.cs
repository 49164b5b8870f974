namespace VfioSharp.Pci.Snapshots;

/// <summary>A limit was met; inside the reader only, which turns it into an <see cref="InvalidDataException"/> of the same words.</summary>
internal sealed class SnapshotLimitException(string message) : Exception(message);
