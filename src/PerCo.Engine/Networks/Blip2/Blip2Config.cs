using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// Sizes of a BLIP-2 captioner. The defaults are those of transformers' Blip2Config, which a <c>config.json</c> relies
/// on for every field that it leaves out.
/// </summary>
internal sealed record Blip2Config
{
    /// <summary>The vision transformer (<c>vision_config</c>).</summary>
    public VisionConfig Vision { get; init; } = new();

    /// <summary>The querying transformer (<c>qformer_config</c>).</summary>
    public QFormerConfig QFormer { get; init; } = new();

    /// <summary>The language model (<c>text_config</c>).</summary>
    public OptConfig Text { get; init; } = new();

    /// <summary>Number of learned queries, which the language model sees as so many tokens.</summary>
    public int QueryTokens { get; init; } = 32;

    /// <summary>Reads <c>config.json</c> and, where there is one, <c>generation_config.json</c> of a folder.</summary>
    /// <param name="folder">A captioner's folder.</param>
    /// <exception cref="PerCoException">A file is missing or damaged, or a field not supported.</exception>
    public static Blip2Config Load(string folder)
    {
        string generation = Path.Combine(folder, "generation_config.json");
        return Read(
            ConfigReader.Load(Path.Combine(folder, "config.json")),
            File.Exists(generation) ? ConfigReader.Load(generation) : null);
    }

    /// <summary>Reads the files of a captioner.</summary>
    /// <param name="reader">Its <c>config.json</c>.</param>
    /// <param name="generation">Its <c>generation_config.json</c>, where there is one.</param>
    /// <exception cref="PerCoException">A field that is damaged or not supported; the message names it.</exception>
    public static Blip2Config Read(ConfigReader reader, ConfigReader? generation = null)
    {
        reader.OneOf("model_type", "blip-2", "blip-2");
        VisionConfig vision = VisionConfig.Read(reader.Section("vision_config"));
        return new Blip2Config
        {
            Vision = vision,
            QFormer = QFormerConfig.Read(reader.Section("qformer_config"), vision.HiddenSize),
            Text = OptConfig.Read(reader.Section("text_config"), generation),
            QueryTokens = reader.Size("num_query_tokens", new Blip2Config().QueryTokens),
        };
    }
}
