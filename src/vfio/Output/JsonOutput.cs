using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VfioSharp.Cli.Output;

/// <summary>Prints JSON documents.</summary>
internal static class JsonOutput
{
    // Text goes to a terminal or a file, never into HTML: no need to escape quotes and arrows there.
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>Prints a document, indented, with a newline behind it.</summary>
    public static void Write(TextWriter output, Action<Utf8JsonWriter> write) => Write(output, Options, write);

    /// <summary>Prints a document on a line, one of many.</summary>
    public static void WriteLine(TextWriter output, Action<Utf8JsonWriter> write) => Write(output, Options with { Indented = false }, write);

    private static void Write(TextWriter output, JsonWriterOptions options, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, options))
        {
            write(json);
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
