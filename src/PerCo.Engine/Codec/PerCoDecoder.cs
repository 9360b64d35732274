using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace PerCo.Engine.Codec;

/// <summary>
/// Caption and codes → picture: a latent-diffusion model draws it, conditioned on both (Careil et al., ICLR 2024,
/// sec. 3.3). Sampling starts from torch's CPU noise of the seed, so that pictures compare with PerCo (SD)'s.
/// </summary>
public sealed class PerCoDecoder(PerCoModel model)
{
    /// <summary>Draws the picture of a file.</summary>
    /// <param name="file">The content of a .perco file.</param>
    /// <param name="options">Choices that override the file's and the model's.</param>
    /// <param name="progress">Is told about stages and denoising steps.</param>
    /// <param name="cancellation">Looked at between stages and denoising steps.</param>
    /// <exception cref="PerCoException">The file is another model's, or a stage went wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Decoding was cancelled.</exception>
    public DecodeResult Decode(
        PerCoFile file, DecodeOptions? options = null, IProgress<CodecProgress>? progress = null,
        CancellationToken cancellation = default) => Decode(file, null, options, progress, cancellation);

    /// <summary>
    /// As <see cref="Decode(PerCoFile, DecodeOptions?, IProgress{CodecProgress}?, CancellationToken)"/>, on a thread of
    /// its own; progress is reported from there.
    /// </summary>
    /// <param name="file">The content of a .perco file.</param>
    /// <param name="options">Choices that override the file's and the model's.</param>
    /// <param name="progress">Is told about stages and denoising steps.</param>
    /// <param name="cancellation">Looked at between stages and denoising steps.</param>
    /// <exception cref="PerCoException">The file is another model's, or a stage went wrong.</exception>
    /// <exception cref="OperationCanceledException">Decoding was cancelled.</exception>
    public Task<DecodeResult> DecodeAsync(
        PerCoFile file, DecodeOptions? options = null, IProgress<CodecProgress>? progress = null,
        CancellationToken cancellation = default) =>
        DedicatedThread.Run(() => Decode(file, options, progress, cancellation), cancellation);

    /// <summary>As the public method, with given features in place of the codes'.</summary>
    internal DecodeResult Decode(
        PerCoFile file, Tensor? features, DecodeOptions? options, IProgress<CodecProgress>? progress,
        CancellationToken cancellation)
    {
        // 0. What to do: the options override the file, which overrides the model.
        ArgumentNullException.ThrowIfNull(file);
        options ??= new DecodeOptions();
        options.Check();
        CheckModel(file, options);
        ModelRate rate = model.Rate(file.Grid);
        ulong seed = options.Seed ?? file.Seed ?? 0;
        int steps = options.Steps ?? file.Steps ?? rate.Steps;
        double guidance = GuidanceOf(file, rate, options);
        PictureGeometry geometry = PictureGeometry.Of(file.Width, file.Height, file.Grid, model.LatentStride);
        Guidance scales = Scales(guidance, options);
        MemoryPlan? plan = MemoryPlanner.ForDecoding(model, file, options);
        model.Use(plan);
        int window = plan?.LatentWindow ?? (model.Backend is GpuBackend gpu
            ? Plan(gpu, file, scales, options.LatentWindow)
            : options.LatentWindow);
        var clock = new StageClock(model, progress, cancellation);

        // 1. Codes → z_l [1, rows, columns, channels]: what is where.
        using Tensor? looked = features is not null ? null : clock.Run(CodecStage.Codes, () => file.Grid.HasCodes
            ? model.HyperDecoder(rate).Lookup(
                [.. file.Indices], 1, file.Grid.Rows(file.Height), file.Grid.Columns(file.Width))
            : model.NoCodes(rate));

        // 2. Caption → text features [1, tokens, channels]: what it is.
        TextConditions text = clock.Run(CodecStage.Text, () => model.EncodeText(file.Caption));

        // 3. Noise → latent [height/8, width/8, channels], under both conditions.
        float[] latent = clock.Run(CodecStage.Denoise, () =>
        {
            IScheduler scheduler = SchedulerCatalog.Create(
                options.Scheduler ?? model.Folder.Scheduler, model.SchedulerConfig, steps);
            INoisePredictor predictor = NoisePredictors.Create(
                model.UNet(rate), features ?? looked!, text, scales, geometry, window);
            using var owned = predictor as IDisposable;
            float[] sample = LatentNoise.Draw(seed, geometry, model.LatentChannels);
            DiffusionSampler.Sample(
                scheduler, predictor, scales, sample, progress is null ? null
                    : new StepProgress(progress), cancellation);
            return sample;
        });

        // 4. Latent → pixels, cropped to the original's size.
        Image image = clock.Run(CodecStage.Picture, () => Paint(latent, geometry));
        image = image.Crop(0, 0, file.Width, file.Height);
        return new DecodeResult(image, seed, steps, guidance, clock.Reports);
    }

    /// <summary>The picture of a scaled latent, padding included.</summary>
    internal Image Paint(ReadOnlySpan<float> latent, PictureGeometry geometry)
    {
        var values = new float[latent.Length];
        TensorPrimitives.Divide(latent, model.VaeConfig.ScalingFactor, values);
        using Tensor unscaled = model.Backend.Upload(
            new Shape(1, geometry.LatentHeight, geometry.LatentWidth, model.LatentChannels), values);
        using Tensor picture = model.Vae.Decode(unscaled);
        return ImageTensors.Download(picture);
    }

    /// <summary>The scales of guidance that a file is decoded with.</summary>
    internal static Guidance Scales(PerCoFile file, ModelRate rate, DecodeOptions options) =>
        Scales(GuidanceOf(file, rate, options), options);

    private static Guidance Scales(double guidance, DecodeOptions options) =>
        Guidance.TextAndCodes((float)guidance, (float)options.CodesGuidance);

    private static double GuidanceOf(PerCoFile file, ModelRate rate, DecodeOptions options) =>
        options.Guidance ?? file.Guidance ?? rate.Guidance;

    private int Plan(GpuBackend gpu, PerCoFile file, Guidance scales, int window)
    {
        GpuMemoryPlan plan = GpuMemoryPlan.ForDecoding(model, file, scales, window);
        gpu.Detail($"decoding {file.Width}x{file.Height} takes {plan}");
        model.Vae.BandBytes = plan.BandBytes;
        return plan.LatentWindow;
    }

    private void CheckModel(PerCoFile file, DecodeOptions options)
    {
        if (file.ModelIdentity != model.Folder.Identity && !options.AnyModel)
        {
            throw new PerCoException(
                $"The file was made with model {file.ModelIdentity:x8}, but '{model.Folder.Id}' is "
                + $"{model.Folder.Identity:x8}. Choose its model with --model, or try this one with --any-model.");
        }
    }

    private sealed class StepProgress(IProgress<CodecProgress> progress) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) =>
            progress.Report(new CodecProgress(CodecStage.Denoise, (double)value.Step / value.Steps));
    }
}
