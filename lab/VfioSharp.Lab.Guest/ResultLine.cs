using System.Buffers;
using System.Collections;
using System.Globalization;
using System.Text.Json;

namespace VfioSharp.Lab.Guest;

/// <summary>Writes the lines of the results channel.</summary>
internal static class ResultLine
{
    public static byte[] Of(string check, string outcome, string? detail, ReadOnlySpan<(string Name, object? Value)> values)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("check", check);
            json.WriteString("outcome", outcome);
            if (detail is not null)
            {
                json.WriteString("detail", detail);
            }

            if (!values.IsEmpty)
            {
                json.WriteStartObject("values");
                foreach ((string name, object? value) in values)
                {
                    json.WritePropertyName(name);
                    WriteValue(json, value);
                }

                json.WriteEndObject();
            }

            json.WriteEndObject();
        }

        return Line(buffer);
    }

    public static byte[] OfSignal(string name)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteString("signal", name);
            json.WriteEndObject();
        }

        return Line(buffer);
    }

    public static byte[] OfEnd() => "{\"end\":true}\n"u8.ToArray();

    private static byte[] Line(ArrayBufferWriter<byte> buffer) => [.. buffer.WrittenSpan, (byte)'\n'];

    private static void WriteValue(Utf8JsonWriter json, object? value)
    {
        switch (value)
        {
            case null:
                json.WriteNullValue();
                break;
            case bool flag:
                json.WriteBooleanValue(flag);
                break;
            case string text:
                json.WriteStringValue(text);
                break;
            case double number:
                json.WriteNumberValue(number);
                break;
            case ulong number:
                json.WriteNumberValue(number);
                break;
            case byte or sbyte or short or ushort or int or uint or long:
                json.WriteNumberValue(Convert.ToInt64(value, CultureInfo.InvariantCulture));
                break;
            case IEnumerable sequence:
                json.WriteStartArray();
                foreach (object? item in sequence)
                {
                    WriteValue(json, item);
                }

                json.WriteEndArray();
                break;
            default:
                json.WriteStringValue(value.ToString());
                break;
        }
    }
}
