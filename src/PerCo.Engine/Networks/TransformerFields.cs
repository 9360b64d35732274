using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks;

/// <summary>The fields that the configs of all transformers have, with bounds that no overflow gets past.</summary>
internal static class TransformerFields
{
    private const int MaxSize = 1 << 20;
    private const int MaxWidth = 1 << 16;
    private const int MaxLayers = 1024;

    /// <summary>A number of features, positions or vocabulary entries.</summary>
    public static int Size(this ConfigReader reader, string name, int fallback) =>
        reader.Int(name, fallback, 1, MaxSize);

    /// <summary>A number of features that several projections of may lie side by side.</summary>
    public static int Width(this ConfigReader reader, string name, int fallback) =>
        reader.Int(name, fallback, 1, MaxWidth);

    /// <summary>A number of layers.</summary>
    public static int Layers(this ConfigReader reader, string name, int fallback) =>
        reader.Int(name, fallback, 1, MaxLayers);

    /// <summary>A number of heads, which divides the width.</summary>
    /// <exception cref="PerCoException">The width is no multiple of it.</exception>
    public static int Heads(this ConfigReader reader, string name, int fallback, int width)
    {
        int heads = reader.Int(name, fallback, 1, MaxWidth);
        return width % heads == 0
            ? heads
            : throw reader.Error(name, $"is {heads}, expected a divisor of the hidden size {width}");
    }

    /// <summary>The epsilon of a LayerNorm.</summary>
    public static float Epsilon(this ConfigReader reader, string name, float fallback) =>
        reader.Float(name, fallback, 0, 1);

    /// <summary>An activation by its name in transformers (src/transformers/activations.py, ACT2FN).</summary>
    /// <exception cref="PerCoException">No backend computes it.</exception>
    public static Activation Activation(this ConfigReader reader, string name, string fallback)
    {
        string function = reader.OneOf(name, fallback, "gelu", "gelu_python", "quick_gelu", "relu", "silu", "swish");
        return function switch
        {
            "quick_gelu" => Tensors.Ops.Activation.QuickGelu,
            "relu" => Tensors.Ops.Activation.Relu,
            "silu" or "swish" => Tensors.Ops.Activation.Silu,
            _ => Tensors.Ops.Activation.Gelu,
        };
    }
}
