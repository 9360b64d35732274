namespace PerCo.Engine.IO;

/// <summary>
/// Python's json module writes bare Infinity, -Infinity and NaN, which are no JSON: diffusers' scheduler configs have
/// them. They become strings, which whoever reads a number has to know.
/// </summary>
internal static class PythonNumbers
{
    /// <summary>The text with bare non-finite numbers quoted; the same memory where there are none.</summary>
    public static ReadOnlyMemory<byte> Quote(ReadOnlyMemory<byte> json)
    {
        ReadOnlySpan<byte> text = json.Span;
        if (text.IndexOf("Infinity"u8) < 0 && text.IndexOf("NaN"u8) < 0)
        {
            return json;
        }

        var result = new List<byte>(text.Length + 16);
        bool inString = false;
        for (int i = 0; i < text.Length;)
        {
            int literal = inString ? 0 : LiteralLength(text[i..]);
            if (literal > 0)
            {
                result.Add((byte)'"');
                result.AddRange(text.Slice(i, literal));
                result.Add((byte)'"');
                i += literal;
                continue;
            }

            if (inString && text[i] == '\\' && i + 1 < text.Length)
            {
                result.Add(text[i++]);
            }
            else if (text[i] == '"')
            {
                inString = !inString;
            }

            result.Add(text[i++]);
        }

        return result.ToArray();
    }

    private static int LiteralLength(ReadOnlySpan<byte> text) =>
        text.StartsWith("-Infinity"u8) ? 9
        : text.StartsWith("Infinity"u8) ? 8
        : text.StartsWith("NaN"u8) ? 3
        : 0;
}
