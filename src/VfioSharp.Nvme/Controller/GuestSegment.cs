using VfioSharp.Devices.Dma;

namespace VfioSharp.Nvme.Controller;

/// <summary>A piece of the memory that a command's data is in.</summary>
/// <param name="Address">Where it starts.</param>
/// <param name="Length">In bytes.</param>
/// <param name="IsBucket">Whether it is a bit bucket: the data is thrown away (NVM Express Base 2.0, 4.4.1.2).</param>
internal readonly record struct GuestSegment(Iova Address, int Length, bool IsBucket);
