using Microsoft.Win32.SafeHandles;

namespace VfioSharp.Devices.Dma;

/// <summary>
/// The memory behind a buffer. Given back when its buffer let go of it and nobody has it pinned any more; forgotten memory when it is collected.
/// </summary>
internal abstract class DmaMemory : SafeHandleZeroOrMinusOneIsInvalid
{
    protected DmaMemory()
        : base(ownsHandle: true)
    {
    }

    /// <summary>Where it lies in this process.</summary>
    public nint Address => handle;

    /// <summary>Its length in bytes.</summary>
    public ulong Length { get; private set; }

    protected void Set(nint address, ulong length)
    {
        SetHandle(address);
        Length = length;
    }
}
