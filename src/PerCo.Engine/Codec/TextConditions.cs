using PerCo.Engine.Tensors;

namespace PerCo.Engine.Codec;

/// <summary>The text features of captions and of "no text", on the host.</summary>
/// <param name="Captions">Features of the captions, [pictures, tokens, channels].</param>
/// <param name="Null">
/// The model's <c>null_text</c>, or the features of the empty caption: [tokens, channels].
/// </param>
/// <param name="Shape">[pictures, tokens, channels].</param>
internal sealed record TextConditions(float[] Captions, float[] Null, Shape Shape)
{
    /// <summary>The conditions of all pictures of several, which share their "no text".</summary>
    public static TextConditions Join(IReadOnlyList<TextConditions> texts) => texts is [var only] ? only
        : texts[0] with
        {
            Captions = [.. texts.SelectMany(text => text.Captions)],
            Shape = new Shape(texts.Sum(text => text.Shape.Batch), texts[0].Shape[1], texts[0].Shape[2]),
        };
}
