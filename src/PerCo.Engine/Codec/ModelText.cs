using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>Captions as the features that the U-Net reads, and what stands for "no text".</summary>
internal sealed class ModelText(ModelFolder folder, ModelNetworks networks)
{
    // A text encoder's features are of the order of 10; more than this is a wrong weight or an overflow.
    private const float LargestFeature = 1e5f;

    private readonly Lock _lock = new();
    private Features? _null;

    /// <summary>Features of one caption, and of no text, which is the same for all pictures.</summary>
    public TextConditions Encode(string caption)
    {
        (float[] nullText, Shape shape) = Null();
        if (caption.Length == 0)
        {
            return new TextConditions(nullText, nullText, shape);
        }

        float[] features = Run(caption).Values;
        StageGuard.CheckFinite("text encoder", features, LargestFeature);
        return new TextConditions(features, nullText, shape);
    }

    // The model's null_text, else the empty caption.
    private Features Null()
    {
        lock (_lock)
        {
            if (_null is not null)
            {
                return _null;
            }

            Features empty = Run("");
            if (folder.LoadNullText() is { } stored)
            {
                var expected = new Shape(empty.Shape.Tokens, empty.Shape.Channels);
                if (stored.Shape != expected && stored.Shape != empty.Shape)
                {
                    throw new PerCoException(
                        $"{folder.Path}: null_text is {stored.Shape}, expected {empty.Shape}: the features of one "
                        + "text. Does it belong to this text encoder?");
                }

                empty = empty with { Values = stored.ToFloats() };
            }

            StageGuard.CheckFinite("text encoder", empty.Values, LargestFeature);
            return _null = empty;
        }
    }

    // As many tokens as the tokenizer says, as the reference's pipeline pads them; the encoder may have positions left.
    private Features Run(string text)
    {
        int length = Math.Min(networks.Tokenizer.MaxLength ?? int.MaxValue, networks.TextEncoder.Config.MaxPositions);
        using Tensor features = networks.TextEncoder.Forward(networks.Tokenizer.Encode(text, length));
        return new Features(features.ToFloats(), features.Shape);
    }

    /// <summary>Features of one text, [1, tokens, channels].</summary>
    private sealed record Features(float[] Values, Shape Shape);
}
