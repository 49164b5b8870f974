using System.Buffers.Binary;
using System.Text;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>Writes nodes of a device tree as sysfs shows them: a file a property (Devicetree Specification 0.4, 2.2.4).</summary>
/// <param name="tree">Where to write.</param>
internal sealed class DeviceTreeBuilder(MemoryTree tree)
{
    /// <summary>Adds a property that is there or not.</summary>
    public void Add(string node, string property) => Add(node, property, []);

    /// <summary>Adds a property of texts, each ended by a zero.</summary>
    public void AddText(string node, string property, params ReadOnlySpan<string> texts)
    {
        var joined = new StringBuilder();
        foreach (string text in texts)
        {
            joined.Append(text).Append('\0');
        }

        Add(node, property, Encoding.ASCII.GetBytes(joined.ToString()));
    }

    /// <summary>Adds a property of cells, big-endian.</summary>
    public void AddCells(string node, string property, params ReadOnlySpan<uint> cells)
    {
        byte[] bytes = new byte[cells.Length * sizeof(uint)];
        for (int i = 0; i < cells.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * sizeof(uint)), cells[i]);
        }

        Add(node, property, bytes);
    }

    private void Add(string node, string property, byte[] value) =>
        tree.AddFile($"sys/firmware/devicetree/base/{node}{(node.Length == 0 ? "" : "/")}{property}", value);
}
