using System.Buffers;
using System.Text.Json;
using System.Text.Unicode;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Capabilities as they stand behind a version, as JSON. What is not known is passed over; what is known must be of its kind.</summary>
internal static class CapabilitiesJson
{
    private const int MaxDepth = 8;

    /// <summary>Writes capabilities down, with the NUL that ends them.</summary>
    /// <param name="capabilities">Whose.</param>
    /// <param name="proposed">What the other side proposed: of features nothing is named that it did not; null to propose.</param>
    public static byte[] Write(Capabilities capabilities, Capabilities? proposed = null)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("capabilities");
            json.WriteNumber("max_msg_fds", capabilities.MaxMessageDescriptors);
            json.WriteNumber("max_data_xfer_size", capabilities.MaxDataTransfer);
            json.WriteNumber("max_dma_maps", capabilities.MaxDmaMaps);
            json.WriteNumber("pgsizes", capabilities.PageSizes);
            if (capabilities.TwinSocket && proposed is null or { TwinSocket: true })
            {
                json.WriteStartObject("twin_socket");
                json.WriteBoolean("supported", true);
                if (capabilities.TwinSocketIndex is { } index)
                {
                    json.WriteNumber("fd_index", index);
                }

                json.WriteEndObject();
            }

            if (capabilities.WriteMultiple && proposed is null or { WriteMultiple: true })
            {
                json.WriteBoolean("write_multiple", true);
            }

            json.WriteEndObject();
            json.WriteEndObject();
        }

        buffer.Write<byte>([0]);
        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Reads capabilities.</summary>
    /// <param name="text">What follows the version; empty where nothing does.</param>
    /// <param name="capabilities">What it says, and the defaults for what it does not.</param>
    /// <param name="fault">What is wrong with it.</param>
    /// <returns>Whether it can be read.</returns>
    public static bool TryRead(ReadOnlySpan<byte> text, out Capabilities capabilities, out string fault)
    {
        capabilities = Capabilities.None;
        fault = "";
        if (text.IsEmpty)
        {
            return true;
        }

        int end = text.IndexOf((byte)0);
        if (end < 0)
        {
            fault = "the capabilities do not end in a NUL";
            return false;
        }

        if (!Utf8.IsValid(text[..end]))
        {
            fault = "the capabilities are no UTF-8";
            return false;
        }

        try
        {
            var json = new Utf8JsonReader(text[..end], new JsonReaderOptions { MaxDepth = MaxDepth });
            json.Read();
            Expect(json.TokenType == JsonTokenType.StartObject, "they are no object");
            while (NextName(ref json) is { } name)
            {
                if (name == "capabilities")
                {
                    ReadAll(ref json, ref capabilities);
                }
                else
                {
                    json.Skip();
                }
            }

            Expect(!json.Read(), "something follows them");
            return true;
        }
        catch (Exception problem) when (problem is JsonException or InvalidOperationException)
        {
            // Not even valid UTF-8 is all text: a name may hold an escaped half of a surrogate pair, and that is no JsonException.
            fault = $"the capabilities cannot be read: {problem.Message}";
            return false;
        }
    }

    private static void ReadAll(ref Utf8JsonReader json, ref Capabilities capabilities)
    {
        Expect(json.TokenType == JsonTokenType.StartObject, "capabilities is no object");
        while (NextName(ref json) is { } name)
        {
            switch (name)
            {
                case "max_msg_fds":
                    capabilities = capabilities with { MaxMessageDescriptors = ReadCount(ref json, name) };
                    break;
                case "max_data_xfer_size":
                    capabilities = capabilities with { MaxDataTransfer = ReadCount(ref json, name) };
                    break;
                case "max_dma_maps":
                    capabilities = capabilities with { MaxDmaMaps = ReadCount(ref json, name) };
                    break;
                case "pgsizes":
                    capabilities = capabilities with { PageSizes = ReadNumber(ref json, name) };
                    break;
                case "twin_socket":
                    ReadTwinSocket(ref json, ref capabilities);
                    break;
                case "write_multiple":
                    capabilities = capabilities with { WriteMultiple = ReadFlag(ref json, name) };
                    break;
                default:
                    json.Skip();
                    break;
            }
        }
    }

    private static void ReadTwinSocket(ref Utf8JsonReader json, ref Capabilities capabilities)
    {
        Expect(json.TokenType == JsonTokenType.StartObject, "twin_socket is no object");
        while (NextName(ref json) is { } name)
        {
            switch (name)
            {
                case "supported":
                    capabilities = capabilities with { TwinSocket = ReadFlag(ref json, name) };
                    break;
                case "fd_index":
                    capabilities = capabilities with { TwinSocketIndex = ReadCount(ref json, name) };
                    break;
                default:
                    json.Skip();
                    break;
            }
        }
    }

    // The name of the next member, its value read; null at the object's end.
    private static string? NextName(ref Utf8JsonReader json)
    {
        json.Read();
        if (json.TokenType == JsonTokenType.EndObject)
        {
            return null;
        }

        string name = json.GetString()!;
        json.Read();
        return name;
    }

    // More than there can ever be is as much as there can be.
    private static int ReadCount(ref Utf8JsonReader json, string name) => (int)Math.Min(int.MaxValue, ReadNumber(ref json, name));

    private static ulong ReadNumber(ref Utf8JsonReader json, string name)
    {
        ulong value = 0;
        Expect(json.TokenType == JsonTokenType.Number && json.TryGetUInt64(out value), $"{name} is no whole number");
        return value;
    }

    private static bool ReadFlag(ref Utf8JsonReader json, string name)
    {
        Expect(json.TokenType is JsonTokenType.True or JsonTokenType.False, $"{name} is neither true nor false");
        return json.GetBoolean();
    }

    private static void Expect(bool holds, string complaint)
    {
        if (!holds)
        {
            throw new JsonException(complaint);
        }
    }
}
