using System.Text.Json.Nodes;

namespace PerCo.Engine.Cli.Info;

/// <summary>What there is to say about a file: lines for people, and an object for programs.</summary>
internal sealed class InfoReport
{
    private const int LabelColumns = 11;

    private readonly List<string> _lines = [];

    public InfoReport(string path, string kind)
    {
        Json["file"] = path;
        Json["kind"] = kind;
    }

    public JsonObject Json { get; } = [];

    public IReadOnlyList<string> Lines => _lines;

    public InfoReport Line(string label, string text)
    {
        _lines.Add($"{label.PadRight(LabelColumns)} {text}");
        return this;
    }

    public InfoReport Set(string name, JsonNode? value)
    {
        Json[name] = value;
        return this;
    }
}
