using System.Runtime.CompilerServices;
using System.Runtime.Versioning;

// Every native signature is blittable as written: the runtime converts nothing behind our back.
[assembly: DisableRuntimeMarshalling]
[assembly: SupportedOSPlatform("linux")]
