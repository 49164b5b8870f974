using System.Collections.Immutable;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>Descriptors that ring a region's doorbells: the client's, to be closed with this.</summary>
/// <param name="Parts">What is rung, and by which of the descriptors.</param>
/// <param name="Files">The descriptors.</param>
internal sealed record RegionDescriptors(ImmutableArray<SubRegion> Parts, ImmutableArray<FileDescriptor> Files) : IDisposable
{
    /// <summary>Reads a reply; null where it is none, and what came along is still the caller's.</summary>
    public static RegionDescriptors? Read(ReadOnlySpan<byte> payload, FileDescriptor[] files)
    {
        var reader = new MessageReader(payload);
        if (!reader.TryRead(out RegionIoFds head) || (uint)reader.Rest.Length / NativeSize.Of<SubRegion>() < head.Count)
        {
            return null;
        }

        var parts = ImmutableArray.CreateBuilder<SubRegion>();
        while (parts.Count < head.Count && reader.TryRead(out SubRegion part) && part.DescriptorIndex < (uint)files.Length)
        {
            parts.Add(part);
        }

        return parts.Count == head.Count ? new RegionDescriptors(parts.ToImmutable(), [.. files]) : null;
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (FileDescriptor file in Files)
        {
            file.Dispose();
        }
    }
}
