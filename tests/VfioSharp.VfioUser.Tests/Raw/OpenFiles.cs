using System.Globalization;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>What this process holds open (proc_pid_fd(5), proc_pid_fdinfo(5)) and mapped (proc_pid_maps(5)).</summary>
internal static class OpenFiles
{
    private const string Folder = "/proc/self/fd";

    /// <summary>How many descriptors there are.</summary>
    public static int Count => Directory.GetFiles(Folder).Length;

    /// <summary>How many descriptors of this process lead to the same file, socket, pipe or eventfd as this one, which counts too.</summary>
    public static int CountOf(FileDescriptor file)
    {
        string own = Identify(file.Number.ToString(CultureInfo.InvariantCulture))!;
        return Directory.GetFiles(Folder).Count(path => Identify(Path.GetFileName(path)) == own);
    }

    /// <summary>How many mappings there are of the memfd that was given this name.</summary>
    public static int MappingsOf(string name) =>
        File.ReadLines("/proc/self/maps").Count(line => line.Contains($"/memfd:{name} ", StringComparison.Ordinal) || line.EndsWith($"/memfd:{name}", StringComparison.Ordinal));

    // All eventfds are one file to the kernel: their own numbers tell them apart (eventfd-id).
    private static string? Identify(string number)
    {
        try
        {
            string link = new FileInfo($"{Folder}/{number}").LinkTarget ?? "";
            return link.Contains("[eventfd]", StringComparison.Ordinal)
                ? File.ReadLines($"/proc/self/fdinfo/{number}").First(line => line.StartsWith("eventfd-id:", StringComparison.Ordinal)) : $"{link} {InodeOf(number)}";
        }
        catch (Exception exception) when (exception is IOException or InvalidOperationException or UnauthorizedAccessException)
        {
            return null; // closed meanwhile
        }
    }

    private static string InodeOf(string number) =>
        File.ReadLines($"/proc/self/fdinfo/{number}").FirstOrDefault(line => line.StartsWith("ino:", StringComparison.Ordinal)) ?? "";
}
