using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases.Full;

/// <summary>Hyper-encoders, one a rate: a synthetic latent → features → indices.</summary>
internal sealed class FullHyperEncoder : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "hyper_enc";

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        foreach (string rate in context.Description.Names)
        {
            context.Part(rate, () => RunRate(context, rate, context.Description.Section(rate)));
        }
    }

    private static void RunRate(CaseContext context, string rate, ConfigReader description)
    {
        using CaseModel model = context.OpenModel($"model-{rate}");
        using var encoder = new HyperEncoder(context.Backend, HyperEncoderConfig.Read(model.Config), model.Weights);
        using Tensor latent = context.Input(description, "input");
        using Tensor features = encoder.Encode(latent);
        context.CompareSampled($"{rate}.features", features);

        string indices = $"{rate}.indices";
        if (context.Requires(indices, indices) && context.Requires(indices, $"{rate}.margin"))
        {
            var ours = new int[features.Shape.Rows];
            encoder.Quantize(features, ours);
            HyperEncoderCase.CompareIndices(
                context, indices, ours, context.Arrays.Indices(indices), context.Arrays.Floats($"{rate}.margin"));
        }
    }
}
