namespace PerCo.Engine.Cli.Terminal;

/// <summary>Comma-separated values, as RFC 4180 has them.</summary>
internal static class CsvText
{
    /// <summary>A text as a field.</summary>
    public static string Quoted(string text) =>
        text.AsSpan().IndexOfAny(",\"\r\n") < 0 ? text : $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"";
}
