using System.Text.Json;

namespace PerCo.Engine.IO;

/// <summary>
/// JSON whose objects have no field twice. The runtime's own check of it takes random numbers from OpenSSL, and ends
/// the process on a Linux system without.
/// </summary>
internal static class StrictJson
{
    /// <summary>Parses UTF-8 text.</summary>
    /// <exception cref="JsonException">No valid JSON, or a field appears twice (then without a line).</exception>
    /// <exception cref="InvalidOperationException">A name has an escaped half of a surrogate pair.</exception>
    public static JsonDocument Parse(ReadOnlyMemory<byte> json)
    {
        var document = JsonDocument.Parse(json);
        try
        {
            Check(document.RootElement);
            return document;
        }
        catch
        {
            document.Dispose();
            throw;
        }
    }

    // As deep as the parser allows: 64 levels.
    private static void Check(JsonElement element)
    {
        if (element.ValueKind == JsonValueKind.Array)
        {
            foreach (JsonElement item in element.EnumerateArray())
            {
                Check(item);
            }
        }
        else if (element.ValueKind == JsonValueKind.Object)
        {
            var names = new HashSet<string>(StringComparer.Ordinal);
            foreach (JsonProperty property in element.EnumerateObject())
            {
                if (!names.Add(property.Name))
                {
                    throw new JsonException($"The field '{property.Name}' appears twice.");
                }

                Check(property.Value);
            }
        }
    }
}
