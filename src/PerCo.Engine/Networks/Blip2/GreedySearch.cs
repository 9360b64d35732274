using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>
/// Takes the likeliest token again and again: transformers' <c>generate</c> with its default settings, where the
/// queries' projections stand in front of the first token.
/// </summary>
internal sealed class GreedySearch(OptLanguageModel model)
{
    /// <summary>Generates tokens until an end token, which is kept, or <paramref name="maxLength"/> of them.</summary>
    /// <param name="prefix">The queries' projections: [1, queries, hidden].</param>
    /// <param name="maxLength">Most tokens, the start token included.</param>
    /// <param name="cancellation">Stops between two tokens.</param>
    public int[] Generate(Tensor prefix, int maxLength, CancellationToken cancellation)
    {
        CheckLength(prefix, maxLength, nameof(maxLength));
        var tokens = new List<int>(maxLength) { model.Config.BosId };
        if (maxLength == 1)
        {
            return [.. tokens];
        }

        using var cache = new KeyValueCache(prefix.Backend, model.Config, prefix.Shape.Tokens + maxLength - 1);
        var logits = new float[model.Config.VocabularySize];
        do
        {
            cancellation.ThrowIfCancellationRequested();
            Advance(prefix, tokens[^1], cache, logits);
            tokens.Add(System.Numerics.Tensors.TensorPrimitives.IndexOfMax<float>(logits));
        }
        while (tokens.Count < maxLength && !model.Config.EosIds.Contains(tokens[^1]));
        return [.. tokens];
    }

    /// <summary>
    /// The logits that follow each of the given tokens but the last: [tokens − 1, vocabulary]. This runs the same steps
    /// as <see cref="Generate"/>, so that one close call does not hide what follows it.
    /// </summary>
    public float[] Score(Tensor prefix, ReadOnlySpan<int> tokens, CancellationToken cancellation)
    {
        CheckLength(prefix, tokens.Length, nameof(tokens));
        int vocabulary = model.Config.VocabularySize, steps = tokens.Length - 1;
        var scores = new float[(long)steps * vocabulary];
        using var cache = new KeyValueCache(prefix.Backend, model.Config, prefix.Shape.Tokens + steps);
        for (int i = 0; i < steps; i++)
        {
            cancellation.ThrowIfCancellationRequested();
            Advance(prefix, tokens[i], cache, scores.AsSpan(i * vocabulary, vocabulary));
        }

        return scores;
    }

    private void Advance(Tensor prefix, int token, KeyValueCache cache, Span<float> logits)
    {
        using Tensor embedded = model.Embed(token);                         // [1, 1, hidden]
        if (cache.Length > 0)
        {
            model.Next(embedded, cache, logits);
            return;
        }

        // The first time: the queries, then the start token               [1, queries + 1, hidden]
        int queries = prefix.Shape.Tokens;
        using Tensor start = prefix.Backend.Allocate(new Shape(1, queries + 1, prefix.Shape.Channels));
        prefix.Backend.CopyTokens(prefix, 0, queries, start, 0);
        prefix.Backend.CopyTokens(embedded, 0, 1, start, queries);
        model.Next(start, cache, logits);
    }

    private void CheckLength(Tensor prefix, int length, string name)
    {
        // The last token is never fed back, so it needs no position.
        int most = model.Config.MaxPositions - prefix.Shape.Tokens + 1;
        if (prefix.Shape.Rank != 3 || prefix.Shape.Batch != 1 || prefix.Shape.Channels != model.Config.HiddenSize)
        {
            throw new ArgumentException(
                $"The prefix is {prefix.Shape}, expected [1,queries,{model.Config.HiddenSize}].", nameof(prefix));
        }

        if (length < 1 || length > most)
        {
            throw new ArgumentException($"{length} tokens, expected 1 to {most} after the queries.", name);
        }
    }
}
