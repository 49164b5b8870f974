using VfioSharp.Pci.Evidence;

namespace VfioSharp.Tests.Shared;

/// <summary>Counts what is asked of a tree: each question costs a live host some system calls.</summary>
internal sealed class CountingTree(HostTree inner) : HostTree
{
    public int Calls { get; private set; }

    public override HostFile Read(string path)
    {
        Calls++;
        return inner.Read(path);
    }

    public override IReadOnlyList<string> List(string path)
    {
        Calls++;
        return inner.List(path);
    }

    public override string? ReadLink(string path)
    {
        Calls++;
        return inner.ReadLink(path);
    }
}
