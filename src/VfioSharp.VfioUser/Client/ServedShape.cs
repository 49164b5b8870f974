using System.Collections.Immutable;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Regions;

namespace VfioSharp.VfioUser.Client;

/// <summary>What a server has said of its function.</summary>
/// <param name="CanReset">Whether it can be reset.</param>
/// <param name="Regions">Its regions, by index.</param>
/// <param name="Files">The files through which regions are mapped, by index; null where one is not.</param>
/// <param name="Interrupts">How many vectors each way of interrupting has, and whether they can be added while others are enabled.</param>
internal sealed record ServedShape(
    bool CanReset, ImmutableArray<RegionDescription> Regions, ImmutableArray<FileDescriptor?> Files, ImmutableArray<Devices.Seam.InterruptShape> Interrupts);
