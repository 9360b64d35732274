using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases.Full;

/// <summary>AutoencoderKL: image → mean, and another latent → decoded.</summary>
internal sealed class FullVae : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "vae";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["io.safetensors", "model"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        using CaseModel model = context.OpenModel();
        using var vae = new Vae(context.Backend, VaeConfig.Read(model.Config), model.Weights);
        ConfigReader inputs = context.Description.Section("inputs");
        if (context.Arrays.Has("mean"))
        {
            context.Part("mean", () =>
            {
                using Tensor image = context.Input(inputs, "image");
                using Tensor mean = vae.EncodeMean(image);
                context.CompareSampled("mean", mean);
            });
        }

        if (context.Arrays.Has("decoded"))
        {
            context.Part("decoded", () =>
            {
                using Tensor latent = context.Input(inputs, "latent");
                using Tensor decoded = vae.Decode(latent);
                context.CompareSampled("decoded", decoded);
            });
        }
    }
}
