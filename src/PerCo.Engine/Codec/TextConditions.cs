using PerCo.Engine.Tensors;

namespace PerCo.Engine.Codec;

/// <summary>The text features of a caption and of "no text", each [tokens, channels] on the host.</summary>
/// <param name="Caption">Features of the caption.</param>
/// <param name="Null">The model's <c>null_text</c>, or the features of the empty caption.</param>
/// <param name="Shape">[1, tokens, channels] of either.</param>
internal sealed record TextConditions(float[] Caption, float[] Null, Shape Shape);
