namespace VfioSharp.Pci.Evidence;

/// <summary>The text of a path inside a <see cref="HostTree"/>.</summary>
internal static class HostPath
{
    /// <summary>The folder that holds <paramref name="path"/>; empty for a name at the root.</summary>
    public static string Parent(string path)
    {
        int slash = path.LastIndexOf('/');
        return slash < 0 ? "" : path[..slash];
    }

    /// <summary>The last component.</summary>
    public static string Name(string path) => path[(path.LastIndexOf('/') + 1)..];

    /// <summary>Follows <paramref name="target"/> from <paramref name="folder"/>, with <c>.</c> and <c>..</c> taken out; never leaves the root.</summary>
    public static string Combine(string folder, string target)
    {
        var parts = new List<string>();
        if (!target.StartsWith('/'))
        {
            Append(parts, folder);
        }

        Append(parts, target);
        return string.Join('/', parts);
    }

    private static void Append(List<string> parts, string path)
    {
        foreach (string part in path.Split('/'))
        {
            if (part == ".." && parts.Count > 0)
            {
                parts.RemoveAt(parts.Count - 1);
            }
            else if (part is not ("" or "." or ".."))
            {
                parts.Add(part);
            }
        }
    }
}
