namespace VfioSharp.Devices.Dma;

/// <summary>Is told of writes beyond a buffer's end, which its canary shows when it is taken away. Must not throw nor block.</summary>
internal interface IDmaGuard
{
    /// <summary>Somebody wrote behind the last byte of a buffer.</summary>
    /// <param name="iova">Where the function saw the buffer.</param>
    /// <param name="length">The buffer's length in bytes.</param>
    /// <param name="at">The first such byte, counted from the buffer's first.</param>
    void OnOverrun(Iova iova, long length, long at);
}
