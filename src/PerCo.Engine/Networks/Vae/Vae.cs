using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Vae;

/// <summary>
/// The autoencoder of latent diffusion (Rombach et al. 2022, sec. 3.1; diffusers 0.27 AutoencoderKL): picture ↔ latent
/// at an eighth of the height and width. Each half is prepared when it is first used, so that decoding a file never
/// loads the encoder.
/// </summary>
internal sealed class Vae : IDisposable
{
    private readonly Backend _backend;
    private readonly IWeightSource _source;
    private readonly WeightLease _encoderLease = new();
    private readonly WeightLease _decoderLease = new();
    private readonly Taps _taps = new();
    private VaeEncoder? _encoder;
    private VaeDecoder? _decoder;
    private bool _disposed;

    /// <summary>Names the checkpoint; nothing is read yet.</summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="config">The network's <c>config.json</c>.</param>
    /// <param name="source">The checkpoint, which must stay open as long as this object is in use.</param>
    public Vae(Backend backend, VaeConfig config, IWeightSource source)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(config);
        ArgumentNullException.ThrowIfNull(source);
        _backend = backend;
        _source = source;
        Config = config;
        BandBytes = (backend as IRowBandOps)?.DefaultBandBytes ?? 0;
    }

    /// <summary>What the network was built from.</summary>
    public VaeConfig Config { get; }

    /// <summary>Memory that the weights loaded so far take, in bytes.</summary>
    public long WeightBytes => _encoderLease.Bytes + _decoderLease.Bytes;

    /// <summary>Receives the results of the blocks; null for nobody.</summary>
    public TapHandler? Tap
    {
        get => _taps.Handler;
        set => _taps.Handler = value;
    }

    /// <summary>
    /// Size of a band of rows in bytes: larger activations are worked on band by band where the backend can, which
    /// takes less memory and gives the same values. 0 for never; by default what the backend says.
    /// </summary>
    internal long BandBytes { get; set; }

    /// <summary>Prepares the encoder's weights now instead of at the first <see cref="Encode"/>.</summary>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public void LoadEncoder() => _encoder ??= Load(
        _encoderLease, root => new VaeEncoder(root, Config), "decoder", "post_quant_conv");

    /// <summary>Prepares the decoder's weights now instead of at the first <see cref="Decode"/>.</summary>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public void LoadDecoder() => _decoder ??= Load(
        _decoderLease, root => new VaeDecoder(root, Config), "encoder", "quant_conv");

    /// <summary>A picture's distribution over latents.</summary>
    /// <param name="image">[batch, H, W, 3], from −1 to 1; H and W at least <see cref="VaeConfig.Downscale"/>.</param>
    /// <returns>
    /// [batch, H/8, W/8, 2·latent channels]: means, then log variances (which diffusers clamps to −30 … 20 before use),
    /// not yet multiplied by <see cref="VaeConfig.ScalingFactor"/>.
    /// </returns>
    /// <exception cref="PerCoException">The weights do not fit, when they are loaded here.</exception>
    /// <exception cref="ArgumentException">The picture has another shape.</exception>
    public Tensor Encode(Tensor image)
    {
        CheckInput(image, Config.InChannels, Config.Downscale, nameof(image));
        LoadEncoder();
        return _encoder!.Forward(image, RowBands.For(_backend, BandBytes));
    }

    /// <summary>The mean of <see cref="Encode"/>: the same picture always gives the same latent.</summary>
    /// <inheritdoc cref="Encode"/>
    /// <returns>[batch, H/8, W/8, latent channels], not yet multiplied by the scaling factor.</returns>
    public Tensor EncodeMean(Tensor image)
    {
        using Tensor moments = Encode(image);
        using Tensor mean = _backend.Allocate(moments.Shape.WithChannels(Config.LatentChannels));
        _backend.CopyTokens(
            new ChannelSlice(moments, 0, Config.LatentChannels), 0, moments.Shape.Tokens, mean, destinationStart: 0);
        return mean.Move();
    }

    /// <summary>The picture of a latent.</summary>
    /// <param name="latent">[batch, h, w, latent channels], already divided by the scaling factor.</param>
    /// <returns>[batch, 8h, 8w, 3], about −1 to 1; not clamped.</returns>
    /// <exception cref="PerCoException">The weights do not fit, when they are loaded here.</exception>
    /// <exception cref="ArgumentException">The latent has another shape.</exception>
    public Tensor Decode(Tensor latent)
    {
        CheckInput(latent, Config.LatentChannels, 1, nameof(latent));
        LoadDecoder();
        return _decoder!.Forward(latent, RowBands.For(_backend, BandBytes));
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        _disposed = true;
        _encoder = null;
        _decoder = null;
        _encoderLease.Dispose();
        _decoderLease.Dispose();
    }

    private static void CheckInput(Tensor x, int channels, int smallest, string name)
    {
        Shape s = x.Shape;
        if (s.Rank != 4 || s.Channels != channels || s.Height < smallest || s.Width < smallest)
        {
            throw new ArgumentException(
                $"{s}, expected [batch, height, width, {channels}] of at least {smallest}x{smallest}.", name);
        }
    }

    private THalf Load<THalf>(WeightLease lease, Func<LayerScope, THalf> build, params ReadOnlySpan<string> otherHalf)
    {
        ObjectDisposedException.ThrowIf(_disposed, this);
        using var load = new NetworkLoad(_backend, _source, lease, _taps);
        THalf half = build(load.Root);
        load.Complete(otherHalf);
        return half;
    }
}
