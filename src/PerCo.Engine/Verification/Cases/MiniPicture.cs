using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases;

/// <summary>One photograph of <see cref="MiniCase"/>, with the arrays of its own safetensors file.</summary>
internal sealed class MiniPicture(CaseContext context, PerCoModel model, ConfigReader description, string name)
    : IDisposable
{
    private readonly CaseArrays _arrays = new(SafetensorsFile.Open(context.FileOf($"{name}.safetensors")));

    /// <summary>Picture → latent mean, codes and caption.</summary>
    public void Encode()
    {
        string file = description.String("image", "");
        string path = Path.Combine(context.FileOf(context.Description.String("folder", ".")), file);
        if (!File.Exists(path))
        {
            context.Skip($"{name} encoder", $"the picture {file} is missing");
            return;
        }

        Image image = ImageFormats.Load(path);
        using (Tensor pixels = ImageTensors.Upload(context.Backend, image))
        using (Tensor mean = model.Networks.Vae.EncodeMean(pixels))
        {
            // The case's latents are multiplied by the scaling factor, as the hyper-encoder takes them.
            float scale = model.Networks.VaeConfig.ScalingFactor;
            float[] latent = PlanarLayout.ToPlanar(mean.Shape, mean.ToFloats());
            Compare("latent_mean", Array.ConvertAll(latent, value => value * scale));
        }

        Quantize();
        Caption(image);
    }

    /// <summary>The reference's caption and codes → text features, last latent and picture.</summary>
    public void Decode()
    {
        // 1. Text.
        TextConditions text = model.Text.Encode(description.String("caption", ""));
        Compare("text_hidden", text.Captions);
        if (!_arrays.Has("indices") || !_arrays.Has("decoded_latent"))
        {
            return;
        }

        // 2. The loop, from the reference's codes.
        ModelRate rate = model.Folder.Rates[0];
        Shape grid = _arrays.ShapeOf("indices");
        Shape planar = _arrays.ShapeOf("decoded_latent");
        Shape shape = PlanarLayout.ToChannelsLast(planar);
        var noise = new float[planar.Count];
        TorchNoise.Fill((ulong)description.Int("seed", 0), noise);
        IScheduler scheduler = SchedulerCatalog.Create(
            model.Folder.Scheduler, model.Networks.SchedulerConfig, description.Int("steps", rate.Steps, 1, 1000));
        using Tensor local = model.Networks.HyperDecoder(rate).Lookup(
            _arrays.Indices("indices"), 1, grid[^2], grid[^1]);
        DenoisingRun run = DenoisingRun.Execute(
            model.Networks.UNet(rate), scheduler, description.Double("guidance", rate.Guidance, 0, 100), local, text,
            shape, PlanarLayout.ToChannelsLast(planar, noise), context.Cancellation);
        Compare("decoded_latent", PlanarLayout.ToPlanar(shape, run.Last));

        // 3. The picture.
        string file = $"{name}-decoded.png";
        if (!File.Exists(context.FileOf(file)))
        {
            context.Skip($"{name} picture", $"{file} is missing");
            return;
        }

        float scale = 1 / model.Networks.VaeConfig.ScalingFactor;
        using Tensor latent = context.Backend.Upload(shape, Array.ConvertAll(run.Last, value => value * scale));
        using Tensor picture = model.Networks.Vae.Decode(latent);
        double psnr = ImageMetrics.Psnr(ImageFormats.Load(context.FileOf(file)), ImageTensors.Download(picture));
        context.Add($"{name} picture", Measure.Psnr, psnr, context.Tolerances.PipelinePsnr);
    }

    /// <inheritdoc/>
    public void Dispose() => _arrays.Dispose();

    // From the reference's latent, so that the autoencoder's error is not counted again.
    private void Quantize()
    {
        if (!_arrays.Has("latent_mean") || !_arrays.Has("indices") || !_arrays.Has("margin"))
        {
            return;
        }

        Shape planar = _arrays.ShapeOf("latent_mean");
        float[] values = PlanarLayout.ToChannelsLast(planar, _arrays.Floats("latent_mean"));
        using Tensor latent = context.Backend.Upload(PlanarLayout.ToChannelsLast(planar), values);
        HyperEncoder encoder = model.Networks.HyperEncoder(model.Folder.Rates[0]);
        using Tensor features = encoder.Encode(latent);
        var indices = new int[features.Shape.Rows];
        encoder.Quantize(features, indices);
        HyperEncoderCase.CompareIndices(
            context, $"{name} indices", indices, _arrays.Indices("indices"), _arrays.Floats("margin"));
    }

    // The case has no logits, so a token may differ only where ours say that it was a close call.
    private void Caption(Image image)
    {
        if (!_arrays.Has("caption_tokens") || model.Folder.CaptionerFolder is null)
        {
            return;
        }

        int[] tokens = _arrays.Indices("caption_tokens");
        Blip2Captioner captioner = model.Networks.Captioner;
        using Tensor prefix = captioner.Prefix(image);
        float[] scores = captioner.Model.Score(prefix, tokens, context.Cancellation);
        int vocabulary = scores.Length / Math.Max(1, tokens.Length - 1);
        int wrong = 0;
        for (int k = 0; k + 1 < tokens.Length; k++)
        {
            ReadOnlySpan<float> logits = scores.AsSpan(k * vocabulary, vocabulary);
            float best = System.Numerics.Tensors.TensorPrimitives.Max(logits);
            wrong += best - logits[tokens[k + 1]] >= context.Tolerances.TokenGap ? 1 : 0;
        }

        context.Add($"{name} caption_tokens", Measure.Differences, wrong, 0);
    }

    private void Compare(string array, ReadOnlySpan<float> ours)
    {
        if (_arrays.Has(array))
        {
            double error = Comparison.NormalisedError(_arrays.Floats(array), ours);
            context.Add($"{name} {array}", Measure.NormalisedError, error, context.Tolerances.Network);
        }
    }
}
