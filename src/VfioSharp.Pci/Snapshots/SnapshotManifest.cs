using System.Buffers;
using System.Text.Json;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Snapshots;

/// <summary>
/// What a snapshot says of itself in its <c>snapshot.json</c>: what cannot be seen from the host's files alone. A live host gives one as well, so
/// that both are read alike.
/// </summary>
public sealed record SnapshotManifest
{
    /// <summary>Where the manifest lies in a <see cref="HostTree"/>.</summary>
    public const string FileName = "snapshot.json";

    /// <summary>The schema that this version writes.</summary>
    public const string CurrentSchema = "vfiosharp.snapshot/1";

    /// <summary>The schema that the manifest names, or null where it names none.</summary>
    public string? Schema { get; init; } = CurrentSchema;

    /// <summary>The host's page size in bytes, a power of two from 4096 up, or null where it is not told.</summary>
    public int? PageSize { get; init; }

    /// <summary>The host's architecture in the spelling of <c>uname -m</c>, or null where it is not told.</summary>
    public string? Architecture { get; init; }

    /// <summary>
    /// Whether the reader had CAP_SYS_ADMIN on the host, which configuration space beyond its first 64 bytes asks for; null where it is
    /// not told.
    /// </summary>
    public bool? Privileged { get; init; }

    /// <summary>The files that were there but forbidden to the reader, as paths of the tree.</summary>
    public IReadOnlyList<string> Unreadable { get; init; } = [];

    /// <summary>The files that were there but gave an error when read, as paths of the tree.</summary>
    public IReadOnlyList<string> Failed { get; init; } = [];

    /// <summary>Reads the manifest of a tree. What is missing or makes no sense is left at its default.</summary>
    public static SnapshotManifest Read(HostTree tree)
    {
        ArgumentNullException.ThrowIfNull(tree);
        return Parse(tree.Read(FileName).Content);
    }

    /// <summary>Reads a manifest from JSON. What is missing or makes no sense is left at its default.</summary>
    public static SnapshotManifest Parse(ReadOnlyMemory<byte> json)
    {
        try
        {
            using JsonDocument document = JsonDocument.Parse(json);
            JsonElement root = document.RootElement;
            return root.ValueKind != JsonValueKind.Object ? new SnapshotManifest { Schema = null } : new SnapshotManifest
            {
                Schema = Text(root, "schema"),
                PageSize = Size(root, "pageSize"),
                Architecture = Text(root, "architecture"),
                Privileged = Flag(root, "privileged"),
                Unreadable = Paths(root, "unreadable"),
                Failed = Paths(root, "failed"),
            };
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what a text that is no Unicode gives.
            return new SnapshotManifest { Schema = null };
        }
    }

    /// <summary>The manifest as JSON, without what it does not tell.</summary>
    public ReadOnlyMemory<byte> ToJson()
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var writer = new Utf8JsonWriter(buffer))
        {
            writer.WriteStartObject();
            writer.WriteString("schema", Schema ?? CurrentSchema);
            if (PageSize is { } pageSize)
            {
                writer.WriteNumber("pageSize", pageSize);
            }

            if (Architecture is not null)
            {
                writer.WriteString("architecture", Architecture);
            }

            if (Privileged is { } privileged)
            {
                writer.WriteBoolean("privileged", privileged);
            }

            WritePaths(writer, "unreadable", Unreadable);
            WritePaths(writer, "failed", Failed);
            writer.WriteEndObject();
        }

        return buffer.WrittenMemory;
    }

    private static void WritePaths(Utf8JsonWriter writer, string name, IReadOnlyList<string> paths)
    {
        if (paths.Count > 0)
        {
            writer.WriteStartArray(name);
            foreach (string path in paths)
            {
                writer.WriteStringValue(path);
            }

            writer.WriteEndArray();
        }
    }

    private static string? Text(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static int? Size(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt32(out int size) && size >= 4096 && int.IsPow2(size) ? size : null;

    private static bool? Flag(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value)
        && value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : null;

    private static string[] Paths(JsonElement root, string name) =>
        root.TryGetProperty(name, out JsonElement value) && value.ValueKind == JsonValueKind.Array
            ? [.. value.EnumerateArray()
                .Where(path => path.ValueKind == JsonValueKind.String)
                .Select(path => HostPath.Combine("", path.GetString()!))]
            : [];
}
