using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>An IOMMU group of a virtual host: the functions that hardware cannot tell, or keep, apart.</summary>
public sealed class HostGroup
{
    private readonly List<HostFunction> members = [];

    internal HostGroup(int number) => Number = number;

    /// <summary>Its number, as Linux would give it.</summary>
    public int Number { get; }

    /// <summary>The functions in it, in the order in which the host found them.</summary>
    public IReadOnlyList<HostFunction> Members => members;

    /// <summary>Whether nobody but vfio-pci holds anything of it; bridges do not count (<c>VFIO_GROUP_FLAGS_VIABLE</c>).</summary>
    public bool IsViable => members.OfType<EndpointFunction>().All(function => function.Driver != FunctionDriver.Native);

    internal void Add(HostFunction function)
    {
        members.Add(function);
        function.Group = this;
    }

    internal void Remove(HostFunction function)
    {
        members.Remove(function);
        function.Group = null;
    }

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"group {Number}");
}
