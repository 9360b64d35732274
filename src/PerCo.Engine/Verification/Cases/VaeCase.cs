using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification.Cases;

/// <summary>AutoencoderKL: image → mean and log variance, mean → decoded; taps belong to the first picture.</summary>
internal sealed class VaeCase : CaseKind
{
    // diffusers clamps the log variance before anyone sees it.
    private const float MinLogVariance = -30;
    private const float MaxLogVariance = 20;

    /// <inheritdoc/>
    public override string Name => "vae";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["io.safetensors", "model"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        using CaseModel model = context.OpenModel();
        using var vae = new Vae(context.Backend, VaeConfig.Read(model.Config), model.Weights);
        var taps = new TapComparer(context);
        string[] suffixes = [.. context.Arrays.SuffixesOf("mean", "logvar", "decoded")];
        foreach (string suffix in suffixes)
        {
            vae.Tap = suffix == suffixes[0] ? taps.Compare : null;
            context.Part($"mean{suffix}", () => Encode(context, vae, suffix));
            context.Part($"decoded{suffix}", () => Decode(context, vae, suffix));
        }

        taps.ReportRest();
    }

    private static void Encode(CaseContext context, Vae vae, string suffix)
    {
        if (!context.Requires($"mean{suffix}", $"image{suffix}"))
        {
            return;
        }

        using Tensor image = context.Arrays.Upload(context.Backend, $"image{suffix}");
        using Tensor moments = vae.Encode(image);
        Shape planar = PlanarLayout.ToPlanar(moments.Shape);
        float[] values = PlanarLayout.ToPlanar(moments.Shape, moments.ToFloats());
        int batch = planar[0];
        int half = values.Length / batch / 2;
        var mean = new float[batch * half];
        var logVariance = new float[batch * half];
        for (int b = 0; b < batch; b++)
        {
            values.AsSpan(2 * b * half, half).CopyTo(mean.AsSpan(b * half));
            for (int i = 0; i < half; i++)
            {
                logVariance[b * half + i] = Math.Clamp(values[(2 * b + 1) * half + i], MinLogVariance, MaxLogVariance);
            }
        }

        context.Compare($"mean{suffix}", mean, context.Tolerances.Network);
        context.Compare($"logvar{suffix}", logVariance, context.Tolerances.Network);
    }

    private static void Decode(CaseContext context, Vae vae, string suffix)
    {
        if (!context.Arrays.Has($"decoded{suffix}") || !context.Requires($"decoded{suffix}", $"mean{suffix}"))
        {
            return;
        }

        using Tensor latent = context.Arrays.Upload(context.Backend, $"mean{suffix}");
        using Tensor picture = vae.Decode(latent);
        context.Compare($"decoded{suffix}", picture);
    }
}
