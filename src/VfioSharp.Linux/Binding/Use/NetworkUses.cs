using System.Globalization;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding.Use;

/// <summary>Finds network interfaces below a function that are up and carry the default route, themselves or through a bridge, bond or VLAN on them.</summary>
/// <remarks>It knows the main routing table of this process's network namespace.</remarks>
internal sealed class NetworkUses
{
    private const string Interfaces = "sys/class/net";
    private const uint IsUp = 1; // IFF_UP, include/uapi/linux/if.h
    private const uint RouteIsUp = 1; // RTF_UP, include/uapi/linux/route.h
    private const uint RouteRejects = 0x200; // RTF_REJECT

    private readonly HostTree tree;
    private readonly HashSet<string> routed;
    private readonly (string Name, string Folder)[] interfaces;

    public NetworkUses(HostTree tree)
    {
        this.tree = tree;
        routed = [.. DefaultRoutes(tree)];
        interfaces = [.. tree.List(Interfaces).Select(name => (name, tree.ResolveLink($"{Interfaces}/{name}") ?? ""))];
    }

    public IEnumerable<FunctionUse> Below(string folder)
    {
        foreach ((string name, string place) in interfaces)
        {
            if (place.StartsWith(folder + "/", StringComparison.Ordinal) && (ReadHex($"{Interfaces}/{name}/flags") & IsUp) != 0 && CarrierAbove(name) is { } carrier)
            {
                string through = carrier == name ? "" : $" (through {carrier})";
                yield return new FunctionUse($"{name} is up and has the default route{through}", $"route around it, or take it down (ip link set {name} down), if it is not the way you came");
            }
        }
    }

    // The interface itself or one stacked on it (netdev_adjacent_sysfs_add(), net/core/dev.c), by breadth.
    private string? CarrierAbove(string lowest)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        var reached = new Queue<string>([lowest]);
        while (reached.TryDequeue(out string? name))
        {
            if (!seen.Add(name))
            {
                continue;
            }

            if (routed.Contains(name))
            {
                return name;
            }

            const string Upper = "upper_";
            foreach (string entry in tree.List($"{Interfaces}/{name}").Where(entry => entry.StartsWith(Upper, StringComparison.Ordinal)))
            {
                reached.Enqueue(entry[Upper.Length..]);
            }
        }

        return null;
    }

    private uint ReadHex(string path) => Hex(tree.Read(path).Text?.Replace("0x", "", StringComparison.Ordinal));

    private static IEnumerable<string> DefaultRoutes(HostTree tree)
    {
        foreach (string line in (tree.Read("proc/net/route").Text ?? "").Split('\n').Skip(1))
        {
            // interface destination gateway flags references use metric mask …
            if (line.Split('\t', StringSplitOptions.TrimEntries) is [var name, "00000000", _, var flags, _, _, _, "00000000", ..] && Leads(flags))
            {
                yield return name;
            }
        }

        foreach (string line in (tree.Read("proc/net/ipv6_route").Text ?? "").Split('\n'))
        {
            // destination length source length next-hop metric references use flags interface
            if (line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is ["00000000000000000000000000000000", "00", _, _, _, _, _, _, var flags, var name] && Leads(flags))
            {
                yield return name;
            }
        }
    }

    private static bool Leads(string flags) => (Hex(flags) & (RouteIsUp | RouteRejects)) == RouteIsUp;

    private static uint Hex(string? digits) => uint.TryParse(digits, NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out uint value) ? value : 0;
}
