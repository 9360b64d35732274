using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>Where the codes lie in a checkpoint.</summary>
internal static class Codebook
{
    // fp16 rounds each value by half a thousandth at most.
    private const float LengthTolerance = 1e-2f;

    /// <summary>Tensors that training keeps beside the codes and inference never reads.</summary>
    public static string[] TrainingState { get; } =
    [
        "quantizer._codebook.embed_avg", "quantizer._codebook.cluster_size", "quantizer._codebook.initted",
    ];

    /// <summary>
    /// The codes of all codebooks, [books · entries, code length], each of length 1 as training left it.
    /// </summary>
    /// <exception cref="PerCoException">They are missing or have another shape.</exception>
    public static HostTensor Read(WeightScope root, HyperEncoderConfig config)
    {
        HostTensor codes = root["quantizer"]["_codebook"].Get(
            "embed", new Shape(config.Codebooks, config.CodebookSize, config.CodebookDim));
        return new HostTensor(
            codes.Name, codes.Type, new Shape(config.Codebooks * config.CodebookSize, config.CodebookDim), codes.Bytes);
    }

    /// <summary>
    /// Refuses codes that the search by cosine is not for: a codebook that was trained with Euclidean distances has the
    /// same names and shapes, and would give other codes without a word.
    /// </summary>
    /// <exception cref="PerCoException">A code's length is not 1, but for rounding.</exception>
    public static void RequireUnitLength(HostTensor codes)
    {
        float[] values = codes.ToFloats();
        int length = codes.Shape[1];
        for (int code = 0; code < codes.Shape[0]; code++)
        {
            float norm = TensorPrimitives.Norm(values.AsSpan(code * length, length));
            if (!(Math.Abs(norm - 1) <= LengthTolerance))
            {
                throw new PerCoException(
                    $"{codes.Name}: code {code} has the length {norm:0.###}, expected 1. Was it trained with "
                    + "use_cosine_sim?");
            }
        }
    }

    /// <summary>What <see cref="Read"/> gives, codebook by codebook: [entries, code length] each.</summary>
    public static IReadOnlyList<HostTensor> Split(HostTensor codes, HyperEncoderConfig config)
    {
        int bytes = codes.Bytes.Length / config.Codebooks;
        return [.. Enumerable.Range(0, config.Codebooks).Select(book => new HostTensor(
            codes.Name, codes.Type, new Shape(config.CodebookSize, config.CodebookDim),
            codes.Bytes.Slice(book * bytes, bytes)))];
    }

    /// <summary>Whether matrices lie between the features and the codes: not where both have the same length.</summary>
    public static bool HasProjections(this HyperEncoderConfig config) =>
        config.QuantiserChannels != config.FeatureChannels;
}
