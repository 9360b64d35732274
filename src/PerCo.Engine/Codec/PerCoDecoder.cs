using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace PerCo.Engine.Codec;

/// <summary>
/// Caption and codes → picture: a latent-diffusion model draws it, conditioned on both (Careil et al., ICLR 2024,
/// sec. 3.3). Sampling starts from torch's CPU noise of the seed, so that pictures compare with PerCo (SD)'s.
/// </summary>
public sealed class PerCoDecoder
{
    private readonly PerCoModel _model;

    /// <summary>Makes a decoder; takes no time, and holds nothing but the model.</summary>
    /// <param name="model">The model; whoever opened it disposes of it.</param>
    public PerCoDecoder(PerCoModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Draws the picture of a file.</summary>
    /// <param name="file">The content of a .perco file.</param>
    /// <param name="options">Choices that override the file's and the model's.</param>
    /// <param name="progress">Is told about stages and denoising steps.</param>
    /// <param name="cancellation">Ends the work between denoising steps, and on the CPU within ops.</param>
    /// <exception cref="PerCoException">The file is another model's, or a stage went wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Decoding was cancelled.</exception>
    public DecodeResult Decode(
        PerCoFile file, DecodeOptions? options = null, IProgress<CodecProgress>? progress = null,
        CancellationToken cancellation = default) => Decode(file, null, options, progress, cancellation);

    /// <summary>
    /// Draws several pictures as one batch, which a GPU does faster than one after another; memory grows with their
    /// number. On a CPU the pictures are those that each file gives by itself, bit by bit.
    /// </summary>
    /// <param name="requests">
    /// What to draw: files for which <see cref="SharesBatch"/> says so, or one file with several seeds.
    /// </param>
    /// <param name="options">Choices for all of them.</param>
    /// <param name="progress">Is told about stages and denoising steps of the batch.</param>
    /// <param name="cancellation">Ends the work between denoising steps, and on the CPU within ops.</param>
    /// <returns>The pictures, in the order of the requests.</returns>
    /// <exception cref="ArgumentException">There are no requests, or some that do not share a batch.</exception>
    /// <exception cref="PerCoException">A file is another model's, or a stage went wrong.</exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Decoding was cancelled.</exception>
    public IReadOnlyList<DecodeResult> DecodeBatch(
        IReadOnlyList<DecodeRequest> requests, DecodeOptions? options = null,
        IProgress<CodecProgress>? progress = null, CancellationToken cancellation = default) =>
        Draw(requests, null, options ?? new DecodeOptions(), progress, cancellation);

    /// <summary>
    /// Whether two files can be drawn in one batch: same model and rate, latents of the same size, as many steps, and
    /// the same guidance.
    /// </summary>
    /// <param name="a">The content of a .perco file.</param>
    /// <param name="b">The content of another.</param>
    /// <param name="options">Choices for both.</param>
    /// <exception cref="PerCoException">A file has a grid that no rate of the model has.</exception>
    public bool SharesBatch(PerCoFile a, PerCoFile b, DecodeOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(a);
        ArgumentNullException.ThrowIfNull(b);
        options ??= new DecodeOptions();
        return (options.AnyModel || a.ModelIdentity == b.ModelIdentity)
            && DrawingSettings.Of(_model, a, options) == DrawingSettings.Of(_model, b, options);
    }

    /// <summary>
    /// As <see cref="Decode(PerCoFile, DecodeOptions?, IProgress{CodecProgress}?, CancellationToken)"/>, on a thread of
    /// its own; progress is reported from there.
    /// </summary>
    /// <param name="file">The content of a .perco file.</param>
    /// <param name="options">Choices that override the file's and the model's.</param>
    /// <param name="progress">Is told about stages and denoising steps.</param>
    /// <param name="cancellation">Ends the work between denoising steps, and on the CPU within ops.</param>
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
        ArgumentNullException.ThrowIfNull(file);
        return Draw([new DecodeRequest(file)], features, options ?? new DecodeOptions(), progress, cancellation)[0];
    }

    private IReadOnlyList<DecodeResult> Draw(
        IReadOnlyList<DecodeRequest> requests, Tensor? features, DecodeOptions options,
        IProgress<CodecProgress>? progress, CancellationToken cancellation)
    {
        // 0. What to do: the options override the file, which overrides the model.
        options.Check();
        DrawingSettings settings = DrawingSettings.ForBatch(_model, requests, options);
        PictureGeometry geometry = settings.Geometry;
        var plan = StagePlan.ForDecoding(_model, requests, settings, options);
        var clock = new StageClock(_model, plan, progress, cancellation);

        // 1. Codes → z_l [pictures or 1, rows, columns, channels]: what is where.
        using Tensor? looked = features is not null ? null
            : clock.Run(CodecStage.Codes, () => LookUp(_model, requests, settings));

        // 2. Captions → text features [pictures, tokens, channels]: what it is.
        TextConditions text = clock.Run(CodecStage.Text, () => EncodeTexts(_model, requests));

        // 3. Noise → latents [pictures, height/8, width/8, channels], under both conditions.
        ulong[] seeds = [.. requests.Select(request => request.Seed ?? options.Seed ?? request.File.Seed ?? 0)];
        float[] latents = clock.Run(CodecStage.Denoise, () =>
        {
            IScheduler scheduler = SchedulerCatalog.Create(
                options.Scheduler ?? _model.Folder.Scheduler, _model.Networks.SchedulerConfig, settings.Steps);
            INoisePredictor predictor = NoisePredictors.Create(
                _model.Networks.UNet(settings.Rate), features ?? looked!, text, settings.Guidance, geometry,
                plan.LatentWindow);
            using var owned = predictor as IDisposable;
            float[] samples = [.. seeds.SelectMany(seed => LatentNoise.Draw(seed, geometry, _model.LatentChannels))];
            DiffusionSampler.Sample(
                scheduler, predictor, settings.Guidance, samples,
                progress is null ? null : new StepProgress(progress), cancellation);
            return samples;
        });

        // 4. Latents → pixels, cropped to the originals' sizes; one by one, as they are large.
        int length = latents.Length / requests.Count;
        Image[] images = clock.Run(CodecStage.Picture, () => requests.Select((request, i) =>
        {
            cancellation.ThrowIfCancellationRequested();
            if (i > 0)
            {
                progress?.Report(new CodecProgress(CodecStage.Picture, (double)i / requests.Count));
            }

            return Paint(latents.AsSpan(i * length, length), geometry)
                .Crop(0, 0, request.File.Width, request.File.Height);
        }).ToArray());
        return [.. images.Select((image, i) =>
            new DecodeResult(image, seeds[i], settings.Steps, settings.TextScale, clock.Reports)
            {
                CodesGuidance = settings.CodesScale,
                Scheduler = options.Scheduler?.ToLowerInvariant(),
            })];
    }

    /// <summary>z_l of some files, [pictures, rows, columns, channels], or what stands for "no codes".</summary>
    internal static Tensor LookUp(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DrawingSettings settings)
    {
        PerCoFile first = requests[0].File;
        return first.Grid.HasCodes
            ? model.Networks.HyperDecoder(settings.Rate).Lookup(
                [.. requests.SelectMany(request => request.File.Indices)], requests.Count,
                first.Grid.Rows(first.Height), first.Grid.Columns(first.Width))
            : model.NoCodes(settings.Rate);
    }

    /// <summary>The features of some captions; equal ones, of several draws of a file, are encoded once.</summary>
    internal static TextConditions EncodeTexts(PerCoModel model, IReadOnlyList<DecodeRequest> requests)
    {
        var known = new Dictionary<string, TextConditions>(StringComparer.Ordinal);
        return TextConditions.Join([.. requests.Select(request =>
            known.TryGetValue(request.File.Caption, out TextConditions? text) ? text
                : known[request.File.Caption] = model.Text.Encode(request.File.Caption))]);
    }

    /// <summary>The picture of a scaled latent, padding included.</summary>
    internal Image Paint(ReadOnlySpan<float> latent, PictureGeometry geometry)
    {
        var values = new float[latent.Length];
        TensorPrimitives.Divide(latent, _model.Networks.VaeConfig.ScalingFactor, values);
        using Tensor unscaled = _model.Backend.Upload(
            new Shape(1, geometry.LatentHeight, geometry.LatentWidth, _model.LatentChannels), values);
        using Tensor picture = _model.Networks.Vae.Decode(unscaled);
        return ImageTensors.Download(picture);
    }

    private sealed class StepProgress(IProgress<CodecProgress> progress) : IProgress<SamplingProgress>
    {
        public void Report(SamplingProgress value) =>
            progress.Report(new CodecProgress(CodecStage.Denoise, (double)value.Step / value.Steps));
    }
}
