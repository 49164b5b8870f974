using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Trees;

/// <summary>Follows the links of a path below a folder as if the folder were the root.</summary>
/// <remarks>
/// Someone who swaps a folder for a link between the walk and the use of its result can still lead out: openat2(2) is the one to
/// prefer.
/// </remarks>
internal static class LinkWalk
{
    private const int MaxLinks = 40; // as the kernel's own walk (MAXSYMLINKS, include/linux/namei.h)

    /// <summary>The path without links, <c>.</c> and <c>..</c>; null where a link loops or a component may not be passed.</summary>
    /// <remarks>What does not exist is passed on as it stands: opening it will say so.</remarks>
    public static string? Resolve(FileDescriptor root, string path, bool followLast, out Errno error)
    {
        var todo = new Stack<string>();
        Push(todo, path);
        string place = "";
        int links = 0;
        error = Errno.None;
        while (todo.TryPop(out string? part))
        {
            if (part == "..")
            {
                place = place[..Math.Max(place.LastIndexOf('/'), 0)];
                continue;
            }

            string next = place.Length == 0 ? part : $"{place}/{part}";
            string? target = todo.Count > 0 || followLast ? root.ReadLink(next, out error) : null;
            if (target is null)
            {
                if (error is not (Errno.None or Errno.EINVAL or Errno.ENOENT))
                {
                    return null;
                }

                place = next; // EINVAL: there, and no link
                continue;
            }

            if (++links > MaxLinks)
            {
                error = Errno.ELOOP;
                return null;
            }

            place = target.StartsWith('/') ? "" : place;
            Push(todo, target);
        }

        error = Errno.None;
        return place;
    }

    private static void Push(Stack<string> todo, string path)
    {
        string[] parts = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        for (int i = parts.Length - 1; i >= 0; i--)
        {
            if (parts[i] != ".")
            {
                todo.Push(parts[i]);
            }
        }
    }
}
