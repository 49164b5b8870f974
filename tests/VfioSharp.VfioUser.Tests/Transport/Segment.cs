using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Transport;

/// <summary>What one call has sent, as the kernel keeps it (an skb): bytes, and descriptors that go with the first of them.</summary>
internal sealed record Segment(byte[] Bytes, FileDescriptor[] Files);
