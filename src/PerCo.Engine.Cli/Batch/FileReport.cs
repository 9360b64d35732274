using System.Text.Json.Nodes;
using PerCo.Engine.Codec;

namespace PerCo.Engine.Cli.Batch;

/// <summary>What became of a file: a line of the log, an entry of the JSON document, a line on the terminal.</summary>
internal sealed record FileReport
{
    public required FileStatus Status { get; init; }

    public required string Input { get; init; }

    public string? Output { get; init; }

    /// <summary>Length of the output.</summary>
    public long? Bytes { get; init; }

    public int? Width { get; init; }

    public int? Height { get; init; }

    public double Seconds { get; init; }

    public string? Caption { get; init; }

    public ulong? Seed { get; init; }

    public int? Steps { get; init; }

    public double? Guidance { get; init; }

    public string? Error { get; init; }

    /// <summary>The line for people, without the output's name.</summary>
    public string Text { get; init; } = "";

    /// <summary>What it took, stage by stage, for --verbose.</summary>
    public IReadOnlyList<StageReport> Stages { get; init; } = [];

    public JsonObject ToJson()
    {
        var json = new JsonObject
        {
            ["status"] = Status.ToString().ToLowerInvariant(),
            ["input"] = Input,
            ["output"] = Output,
            ["bytes"] = Bytes,
            ["seconds"] = Math.Round(Seconds, 3),
            ["caption"] = Caption,
            ["seed"] = Seed,
            ["error"] = Error,
        };
        Add(json, "width", Width);
        Add(json, "height", Height);
        Add(json, "steps", Steps);
        Add(json, "guidance", Guidance);
        return json;
    }

    private static void Add(JsonObject json, string name, JsonNode? value)
    {
        if (value is not null)
        {
            json[name] = value;
        }
    }
}
