using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// z_l, caption and starting noise → DDIM with guidance → autoencoder: the sample after the first step and the last,
/// and the picture. U-Net and autoencoder are those of the cases unet and vae, the tokenizer that of text_encoder.
/// </summary>
internal sealed class DecodeCase : CaseKind
{
    private const string UNetFolder = "../unet/model";
    private const string VaeFolder = "../vae/model";
    private const string TokenizerFolder = "../text_encoder/tokenizer";

    /// <inheritdoc/>
    public override string Name => "decode";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs =>
        ["io.safetensors", "case.json", "text_encoder", UNetFolder, VaeFolder, TokenizerFolder];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        using CaseModel unetModel = context.OpenModel(UNetFolder);
        using CaseModel vaeModel = context.OpenModel(VaeFolder);
        using var unet = new UNet(context.Backend, UNetConfig.Read(unetModel.Config), unetModel.Weights);
        using var vae = new Vae(context.Backend, VaeConfig.Read(vaeModel.Config), vaeModel.Weights);
        TextConditions text = EncodeText(context, ClipTokenizer.Load(context.FileOf(TokenizerFolder)));
        ConfigReader[] cases = context.Description.Sections("cases");
        for (int i = 0; i < cases.Length; i++)
        {
            int index = i;
            context.Part($"latent{i}", () => RunOne(context, unet, vae, text, cases[index], index));
        }
    }

    private static TextConditions EncodeText(CaseContext context, ClipTokenizer tokenizer)
    {
        using CaseModel model = context.OpenModel("text_encoder");
        using var encoder = new ClipTextEncoder(context.Backend, ClipTextConfig.Read(model.Config), model.Weights);
        int length = encoder.Config.MaxPositions;
        using Tensor caption = encoder.Forward(tokenizer.Encode(context.Description.String("text", ""), length));
        using Tensor empty = encoder.Forward(tokenizer.Encode("", length));
        return new TextConditions(caption.ToFloats(), empty.ToFloats(), caption.Shape);
    }

    private static void RunOne(
        CaseContext context, UNet unet, Vae vae, TextConditions text, ConfigReader description, int i)
    {
        if (!context.Requires($"latent{i}", $"noise{i}") || !context.Requires($"latent{i}", $"local{i}"))
        {
            return;
        }

        // 1. The loop.
        Shape planar = context.Arrays.ShapeOf($"noise{i}");
        Shape shape = PlanarLayout.ToChannelsLast(planar);
        float[] noise = PlanarLayout.ToChannelsLast(planar, context.Arrays.Floats($"noise{i}"));
        IScheduler scheduler = SchedulerCatalog.Create(
            null, SchedulerConfig.Load(context.FileOf("scheduler/scheduler_config.json")),
            description.Int("steps", 20, 1, 1000));
        using Tensor local = context.Arrays.Upload(context.Backend, $"local{i}");
        DenoisingRun run = DenoisingRun.Execute(
            unet, scheduler, description.Double("guidance", 3, 0, 100), local, text, shape, noise,
            context.Cancellation);
        double tolerance = context.Tolerances.Network;
        context.Compare($"first{i}", PlanarLayout.ToPlanar(shape, run.First), tolerance);
        context.Compare($"latent{i}", PlanarLayout.ToPlanar(shape, run.Last), tolerance);
        if (!context.Arrays.Has($"image{i}"))
        {
            return;
        }

        // 2. The picture, from 0 to 1.
        float scale = 1 / vae.Config.ScalingFactor;
        using Tensor latent = context.Backend.Upload(shape, Array.ConvertAll(run.Last, value => value * scale));
        using Tensor picture = vae.Decode(latent);
        float[] pixels = PlanarLayout.ToPlanar(picture.Shape, picture.ToFloats());
        for (int p = 0; p < pixels.Length; p++)
        {
            pixels[p] = Math.Clamp(pixels[p] / 2 + 0.5f, 0, 1);
        }

        double psnr = Comparison.Psnr(context.Arrays.Floats($"image{i}"), pixels);
        context.Add($"image{i}", Measure.Psnr, psnr, context.Tolerances.LoopPsnr);
    }
}
