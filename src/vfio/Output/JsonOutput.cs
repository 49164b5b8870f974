using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace VfioSharp.Cli.Output;

/// <summary>Prints a JSON document, indented, with a newline behind it.</summary>
internal static class JsonOutput
{
    // Text goes to a terminal or a file, never into HTML: no need to escape quotes and arrows there.
    private static readonly JsonWriterOptions Options = new() { Indented = true, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static void Write(TextWriter output, Action<Utf8JsonWriter> write)
    {
        using var buffer = new MemoryStream();
        using (var json = new Utf8JsonWriter(buffer, Options))
        {
            write(json);
        }

        output.WriteLine(Encoding.UTF8.GetString(buffer.GetBuffer(), 0, (int)buffer.Length));
    }
}
