using System.Runtime.CompilerServices;

namespace VfioSharp.Devices.Interop;

/// <summary>What a structure's <c>argsz</c> or <c>size</c> must say.</summary>
internal static class NativeSize
{
    /// <summary>The size of a structure, in bytes.</summary>
    public static uint Of<T>()
        where T : unmanaged => (uint)Unsafe.SizeOf<T>();
}
