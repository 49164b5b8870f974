using VfioSharp.Devices.Dma;

namespace VfioSharp.Testing.Guards;

/// <summary>Somebody wrote behind a buffer's end.</summary>
/// <param name="Buffer">Where the function saw the buffer.</param>
/// <param name="Length">The buffer's length in bytes.</param>
/// <param name="At">The first byte that was written, counted from the buffer's first.</param>
public sealed record GuardViolation(Iova Buffer, long Length, long At)
{
    /// <inheritdoc/>
    public override string ToString() => $"byte {At} was written, of a buffer of {Length} bytes at {Buffer}: {At - Length + 1} beyond its last";
}
