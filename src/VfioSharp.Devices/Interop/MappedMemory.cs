namespace VfioSharp.Devices.Interop;

/// <summary>The address space of this process: what is taken, mapped and given back.</summary>
internal static class MappedMemory
{
    /// <summary>Takes addresses that nothing can be reached at.</summary>
    public static nint Reserve(ulong length) => throw new NotImplementedException();

    /// <summary>Maps a file over addresses already taken, replacing what is mapped there in one step.</summary>
    public static void Replace(nint address, ulong length, FileDescriptor file, ulong offset, bool isPrivate) => throw new NotImplementedException();

    /// <summary>Gives addresses back.</summary>
    public static void Release(nint address, ulong length) => throw new NotImplementedException();
}
