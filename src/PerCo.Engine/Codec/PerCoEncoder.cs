using PerCo.Engine.Imaging;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using TensorPrimitives = System.Numerics.Tensors.TensorPrimitives;

namespace PerCo.Engine.Codec;

/// <summary>
/// Picture → caption and codes (Careil et al., ICLR 2024, sec. 3.1 and 3.2). Deterministic: the latent is the mean of
/// the autoencoder's distribution.
/// </summary>
public sealed class PerCoEncoder
{
    private readonly PerCoModel _model;

    /// <summary>Makes an encoder; takes no time, and holds nothing but the model.</summary>
    /// <param name="model">The model; whoever opened it disposes of it.</param>
    public PerCoEncoder(PerCoModel model)
    {
        ArgumentNullException.ThrowIfNull(model);
        _model = model;
    }

    /// <summary>Encodes a picture of any size from 16 × 16 pixels.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">Choices; the model's suggestions where null.</param>
    /// <param name="progress">Is told about stages as they begin and end.</param>
    /// <param name="cancellation">Ends the work between ops, and on the CPU within them.</param>
    /// <exception cref="PerCoException">
    /// The picture is too small, the caption too long, or a stage went wrong.
    /// </exception>
    /// <exception cref="ArgumentOutOfRangeException">An option is out of range.</exception>
    /// <exception cref="OperationCanceledException">Encoding was cancelled.</exception>
    public EncodeResult Encode(
        Image image, EncodeOptions? options = null, IProgress<CodecProgress>? progress = null,
        CancellationToken cancellation = default)
    {
        ArgumentNullException.ThrowIfNull(image);
        options ??= new EncodeOptions();
        options.Check();
        PictureGeometry.CheckSize(image);
        ModelRate? rate = options.Codes ? _model.Folder.NearestRate(options.BitsPerPixel) : null;
        if (rate is not null)
        {
            _model.Networks.CheckEncoder(rate);
        }

        var clock = new StageClock(_model, StagePlan.ForEncoding(_model, image, options), progress, cancellation);

        // 1. What the picture shows, in words.
        string caption = options.Caption ?? clock.Run(
            CodecStage.Caption, () => _model.Networks.Captioner.Caption(image, cancellation: cancellation));

        // 2. Where things are and what they look like, in codes.
        var grid = CodeGrid.None;
        int[] indices = [];
        if (rate is not null)
        {
            grid = _model.Grid(rate);
            using Tensor latent = clock.Run(CodecStage.Latent, () => Latent(image, grid));
            indices = clock.Run(CodecStage.Codes, () => Quantize(_model.Networks.HyperEncoder(rate), latent));
        }

        var file = new PerCoFile
        {
            ModelIdentity = _model.Folder.Identity,
            Width = image.Width,
            Height = image.Height,
            Grid = grid,
            Indices = indices,
            Caption = caption,
            Seed = options.Seed,
            Steps = options.Steps,
            GuidanceHundredths = options.Guidance is { } g ? checked((int)Math.Round(g * 100)) : null,
        };
        return new EncodeResult(file, clock.Reports);
    }

    /// <summary>As <see cref="Encode"/>, on a thread of its own; progress is reported from there.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="options">Choices; the model's suggestions where null.</param>
    /// <param name="progress">Is told about stages as they begin and end.</param>
    /// <param name="cancellation">Ends the work between ops, and on the CPU within them.</param>
    /// <exception cref="PerCoException">As <see cref="Encode"/>.</exception>
    /// <exception cref="OperationCanceledException">Encoding was cancelled.</exception>
    public Task<EncodeResult> EncodeAsync(
        Image image, EncodeOptions? options = null, IProgress<CodecProgress>? progress = null,
        CancellationToken cancellation = default) =>
        DedicatedThread.Run(() => Encode(image, options, progress, cancellation), cancellation);

    /// <summary>
    /// The mean latent [1, height/8, width/8, channels], scaled, of a picture that is padded to whole grid positions.
    /// </summary>
    internal Tensor Latent(Image image, CodeGrid grid)
    {
        PictureGeometry geometry = PictureGeometry.Of(image.Width, image.Height, grid, _model.LatentStride);
        using Tensor pixels = ImageTensors.Upload(
            _model.Backend, image.PadEdge(geometry.PaddedWidth, geometry.PaddedHeight));
        using Tensor mean = _model.Networks.Vae.EncodeMean(pixels);
        float[] values = mean.ToFloats();
        StageGuard.CheckFinite("VAE encoder", values, 1e4f);
        TensorPrimitives.Multiply(values, _model.Networks.VaeConfig.ScalingFactor, values);
        return _model.Backend.Upload(mean.Shape, values);
    }

    private static int[] Quantize(HyperEncoder hyperEncoder, Tensor latent)
    {
        using Tensor features = hyperEncoder.Encode(latent);
        StageGuard.CheckFinite("hyper-encoder", features.ToFloats(), 1e6f);
        var indices = new int[features.Shape.Rows * hyperEncoder.Config.Codebooks];
        hyperEncoder.Quantize(features, indices);
        return indices;
    }
}
