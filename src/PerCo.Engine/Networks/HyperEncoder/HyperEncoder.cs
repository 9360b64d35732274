using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>
/// Latent → a small grid of vector-quantised codes (Careil et al. 2024, sec. 3.2). Source: PerCo (SD) hyper_encoder.py
/// over compressai's attention block and vector-quantize-pytorch 1.15.3's codebook with cosine similarity. The way back
/// is <see cref="HyperDecoder"/>.
/// </summary>
internal sealed class HyperEncoder : IDisposable
{
    private readonly WeightLease _lease = new();
    private readonly Backbone _backbone;
    private readonly Linear? _projectIn;
    private readonly ProductQuantizer _quantizer;

    /// <summary>Prepares the weights.</summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="config">The network's <c>config.json</c>.</param>
    /// <param name="source">The checkpoint, which must stay open as long as this object is in use.</param>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public HyperEncoder(Backend backend, HyperEncoderConfig config, IWeightSource source)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(config);
        Config = config;
        using var load = new NetworkLoad(backend, source, _lease);
        LayerScope scope = load.Root;
        _backbone = new Backbone(scope["backbone"], config);
        _projectIn = config.HasProjections()
            ? new Linear(
                scope["quantizer"]["project_in"], config.FeatureChannels, config.QuantiserChannels, bias: true)
            : null;
        HostTensor codes = Codebook.Read(scope.Weights, config);
        Codebook.RequireUnitLength(codes);
        _quantizer = new ProductQuantizer(scope, Codebook.Split(codes, config));
        load.Complete([.. Codebook.TrainingState, "quantizer.project_out"]);
    }

    /// <summary>What the network was built from.</summary>
    public HyperEncoderConfig Config { get; }

    /// <summary>Memory that the prepared weights take, in bytes.</summary>
    public long WeightBytes => _lease.Bytes;

    /// <summary>The features before quantisation; the U-Net can read them as an ablation of the codes.</summary>
    /// <param name="latent">[batch, h, w, latent channels], multiplied by the autoencoder's scaling factor.</param>
    /// <returns>[batch, h', w', <see cref="HyperEncoderConfig.FeatureChannels"/>], see
    /// <see cref="HyperEncoderConfig.GridExtent"/>.</returns>
    /// <exception cref="ArgumentException">The latent has another shape.</exception>
    public Tensor Encode(Tensor latent) => _backbone.Forward(latent);

    /// <summary>The codes nearest to features.</summary>
    /// <param name="features">From <see cref="Encode"/>.</param>
    /// <param name="indices">Receives batch · h' · w' · books indices, row by row.</param>
    /// <param name="margins">
    /// Receives by how much each code's cosine exceeds the next best one's, or is empty. Other arithmetic may choose
    /// another code where that is small.
    /// </param>
    /// <exception cref="ArgumentException">Lengths that do not fit.</exception>
    public void Quantize(Tensor features, Span<int> indices, Span<float> margins = default)
    {
        using Tensor? projected = _projectIn?.Forward(features);
        _quantizer.Quantize(projected ?? features, indices, margins);
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();
}
