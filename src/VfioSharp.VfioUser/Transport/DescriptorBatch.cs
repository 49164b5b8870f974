using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Transport;

/// <summary>Descriptors that came with bytes, and have not been given to a message yet.</summary>
/// <param name="From">Where in the stream those bytes began.</param>
/// <param name="To">Where they ended: the kernel ends a read behind the part that descriptors came with.</param>
/// <param name="Files">The descriptors.</param>
internal readonly record struct DescriptorBatch(long From, long To, List<FileDescriptor> Files);
