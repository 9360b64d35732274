using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using PerCo.Engine.Cli.Files;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>JSON as text: captions stay readable in every language.</summary>
internal static class JsonText
{
    /// <summary>On one line, for logs.</summary>
    public static string Line(JsonObject value) => Write(value, indented: false);

    /// <summary>The one document of a run, on standard output.</summary>
    public static void Print(JsonObject document) =>
        StandardStreams.WriteAll(Encoding.UTF8.GetBytes(Write(document, indented: true) + "\n"));

    private static string Write(JsonObject value, bool indented)
    {
        using var stream = new MemoryStream();
        var options = new JsonWriterOptions
        {
            Indented = indented,
            Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
        };
        using (var writer = new Utf8JsonWriter(stream, options))
        {
            value.WriteTo(writer);
        }

        return Encoding.UTF8.GetString(stream.GetBuffer(), 0, (int)stream.Length);
    }
}
