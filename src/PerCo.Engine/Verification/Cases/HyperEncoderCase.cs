using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// Hyper-encoders, one a rate: latent z → features → indices → z_hat. An index may differ where the reference's margin
/// is below what the arithmetic can tell apart.
/// </summary>
internal sealed class HyperEncoderCase : CaseKind
{
    private const string Prefix = "model-";

    /// <inheritdoc/>
    public override string Name => "hyper_enc";

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        foreach (string folder in Directory.GetDirectories(context.Folder, Prefix + "*").Order(StringComparer.Ordinal))
        {
            string rate = Path.GetFileName(folder)[Prefix.Length..];
            context.Part(rate, () => RunRate(context, rate));
        }
    }

    /// <summary>Counts the indices that differ although the reference's margin is decisive.</summary>
    internal static void CompareIndices(
        CaseContext context, string quantity, ReadOnlySpan<int> ours, ReadOnlySpan<int> theirs,
        ReadOnlySpan<float> margins)
    {
        if (ours.Length != theirs.Length || margins.Length != theirs.Length)
        {
            throw new PerCoException(
                $"{quantity}: {ours.Length} indices, the case has {theirs.Length} and {margins.Length} margins.");
        }

        int wrong = 0;
        int close = 0;
        for (int i = 0; i < ours.Length; i++)
        {
            bool decisive = margins[i] >= context.Tolerances.IndexMargin;
            wrong += decisive && ours[i] != theirs[i] ? 1 : 0;
            close += decisive ? 0 : 1;
        }

        context.Add(
            quantity, Measure.Differences, wrong, 0, close == 0 ? null : $"{close} of {ours.Length} too close to call");
    }

    private static void RunRate(CaseContext context, string rate)
    {
        using CaseModel model = context.OpenModel(Prefix + rate);
        HyperEncoderConfig config = HyperEncoderConfig.Read(model.Config);
        using var encoder = new HyperEncoder(context.Backend, config, model.Weights);
        using var decoder = new HyperDecoder(context.Backend, config, model.Weights);
        foreach (string suffix in context.Arrays.SuffixesOf($"{rate}.features", $"{rate}.indices", $"{rate}.z_hat"))
        {
            context.Part($"{rate}.indices{suffix}", () => Encode(context, encoder, rate, suffix));
            context.Part($"{rate}.z_hat{suffix}", () => Decode(context, decoder, rate, suffix));
        }
    }

    private static void Encode(CaseContext context, HyperEncoder encoder, string rate, string suffix)
    {
        string indices = $"{rate}.indices{suffix}";
        string margin = $"{rate}.margin{suffix}";
        if (!context.Requires(indices, $"{rate}.z{suffix}"))
        {
            return;
        }

        using Tensor latent = context.Arrays.Upload(context.Backend, $"{rate}.z{suffix}");
        using Tensor features = encoder.Encode(latent);
        context.Compare($"{rate}.features{suffix}", features);

        var ours = new int[features.Shape.Rows];
        var margins = new float[ours.Length];
        encoder.Quantize(features, ours, margins);
        if (!context.Arrays.Has(indices) || !context.Requires(indices, margin))
        {
            return;
        }

        float[] theirs = context.Arrays.Floats(margin);
        CompareIndices(context, indices, ours, context.Arrays.Indices(indices), theirs);
        context.Add(
            margin, Measure.LargestError, Comparison.LargestError(theirs, margins), context.Tolerances.IndexMargin);
    }

    private static void Decode(CaseContext context, HyperDecoder decoder, string rate, string suffix)
    {
        string output = $"{rate}.z_hat{suffix}";
        string indices = $"{rate}.indices{suffix}";
        if (!context.Arrays.Has(output) || !context.Requires(output, indices))
        {
            return;
        }

        Shape grid = context.Arrays.ShapeOf(indices);
        using Tensor features = decoder.Lookup(context.Arrays.Indices(indices), grid[0], grid[1], grid[2]);
        context.Compare(output, features);
    }
}
