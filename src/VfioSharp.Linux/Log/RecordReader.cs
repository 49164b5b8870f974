using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Log;

/// <summary>Reads one record of the kernel's log, as a read of /dev/kmsg does.</summary>
internal delegate Errno RecordReader(Span<byte> buffer, out int length);
