using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using PerCo.Engine.Weights;
using Conv2d = PerCo.Engine.Layers.Conv2d;
using GroupNorm = PerCo.Engine.Layers.GroupNorm;

namespace PerCo.Engine.Networks.UNet;

/// <summary>
/// The denoiser: Stable Diffusion's U-Net (Rombach et al. 2022, sec. 3.3) that also reads the codes' features, beside
/// the noisy latent (Careil et al. 2024, sec. 3.2). Source: PerCo (SD) unet_2d_perco.py over diffusers 0.27.
/// </summary>
internal sealed class UNet : IDisposable
{
    private readonly Backend _backend;
    private readonly WeightLease _lease = new();
    private readonly Taps _taps = new();
    private readonly TimestepEmbedding _timeEmbedding;
    private readonly ConvInExtended _convIn;
    private readonly DownBlock[] _downBlocks;
    private readonly MidBlock _midBlock;
    private readonly UpBlock[] _upBlocks;
    private readonly GroupNorm _normOut;
    private readonly Conv2d _convOut;
    private readonly List<CrossAttention> _crossAttentions = [];

    /// <summary>Prepares the weights.</summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="config">The network's <c>config.json</c>.</param>
    /// <param name="source">The checkpoint, which must stay open as long as this object is in use.</param>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public UNet(Backend backend, UNetConfig config, IWeightSource source)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(config);
        _backend = backend;
        Config = config;
        using var load = new NetworkLoad(backend, source, _lease, _taps);
        LayerScope scope = load.Root;
        IReadOnlyList<int> channels = config.BlockOutChannels;

        var timesteps = new SinusoidalTimesteps(channels[0], config.FlipSinToCos, config.FreqShift);
        _timeEmbedding = new TimestepEmbedding(scope["time_embedding"], timesteps, config.TimeEmbeddingDim);
        _convIn = new ConvInExtended(scope["conv_in_extended"], config);
        _downBlocks = new DownBlock[channels.Count];
        _upBlocks = new UpBlock[channels.Count];
        for (int i = 0; i < _downBlocks.Length; i++)
        {
            bool lowest = i == _downBlocks.Length - 1;
            _downBlocks[i] = new DownBlock(
                scope["down_blocks"][i].WithFewPositions(lowest), config, i, _crossAttentions);
        }

        _midBlock = new MidBlock(scope["mid_block"].WithFewPositions(true), config, _crossAttentions);
        for (int i = 0; i < _upBlocks.Length; i++)
        {
            _upBlocks[i] = new UpBlock(scope["up_blocks"][i].WithFewPositions(i == 0), config, i, _crossAttentions);
        }

        _normOut = new GroupNorm(scope["conv_norm_out"], channels[0], config.NormNumGroups, config.NormEps);
        _convOut = new Conv2d(scope["conv_out"], channels[0], config.OutChannels, config.ConvOutKernel, bias: true);

        // conv_in is Stable Diffusion's own, which conv_in_extended replaces.
        load.Complete("conv_in");
    }

    /// <summary>What the network was built from.</summary>
    public UNetConfig Config { get; }

    /// <summary>Numbers that the network is told about a timestep.</summary>
    public int TimeFeatures => _timeEmbedding.Features;

    /// <summary>Channels of the codes' features, which only the checkpoint knows.</summary>
    public int LocalChannels => _convIn.LocalChannels;

    /// <summary>Memory that the prepared weights take, in bytes.</summary>
    public long WeightBytes => _lease.Bytes;

    /// <summary>Receives the results of the blocks; null for nobody.</summary>
    public TapHandler? Tap
    {
        get => _taps.Handler;
        set => _taps.Handler = value;
    }

    /// <summary>Computes once what does not change from step to step.</summary>
    /// <param name="context">The text encoder's result, [batch, tokens, cross-attention features].</param>
    /// <param name="local">
    /// The codes' features z_l, [batch or 1, any height, any width, <see cref="LocalChannels"/>], up-sampled to the
    /// latent's size by nearest neighbour; null for zeros.
    /// </param>
    /// <param name="latentHeight">Rows of the latents to come.</param>
    /// <param name="latentWidth">Columns of the latents to come.</param>
    /// <exception cref="ArgumentException">Shapes that do not fit.</exception>
    public UNetConditions Prepare(Tensor context, Tensor? local, int latentHeight, int latentWidth)
    {
        int batch = context.Shape.Batch;
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(latentHeight);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(latentWidth);
        if (local is not null && (local.Shape.Rank != 4 || (local.Shape.Batch != 1 && local.Shape.Batch != batch)))
        {
            throw new ArgumentException(
                $"{local.Shape}, expected [1 or {batch}, height, width, {LocalChannels}].", nameof(local));
        }

        var keysAndValues = new Tensor[_crossAttentions.Count];
        Tensor? localShare = local is null ? null : _convIn.PrepareLocal(local, latentHeight, latentWidth);
        var conditions = new UNetConditions(keysAndValues, localShare, batch, latentHeight, latentWidth);
        try
        {
            for (int i = 0; i < keysAndValues.Length; i++)
            {
                keysAndValues[i] = _crossAttentions[i].PrepareContext(context);
            }
        }
        catch
        {
            conditions.Dispose();
            throw;
        }

        return conditions;
    }

    /// <summary>Predicts for a batch whose entries are all at the same timestep.</summary>
    /// <inheritdoc cref="Forward(Tensor, ReadOnlySpan{float}, UNetConditions)"/>
    public Tensor Forward(Tensor sample, float timestep, UNetConditions conditions)
    {
        int batch = sample.Shape.Batch;
        Span<float> timesteps = batch <= 64 ? stackalloc float[batch] : new float[batch];
        timesteps.Fill(timestep);
        return Forward(sample, timesteps, conditions);
    }

    /// <summary>Predicts the noise, or the velocity, as the model was trained to.</summary>
    /// <param name="sample">Noisy latents, [batch, h, w, latent channels].</param>
    /// <param name="timesteps">One for each latent, on the training scale (0 to 999 as a rule).</param>
    /// <param name="conditions">From <see cref="Prepare"/>, for this batch and size.</param>
    /// <returns>[batch, h, w, output channels].</returns>
    /// <exception cref="ArgumentException">The sample does not fit the conditions or the timesteps.</exception>
    public Tensor Forward(Tensor sample, ReadOnlySpan<float> timesteps, UNetConditions conditions)
    {
        CheckSample(sample, timesteps.Length, conditions);
        using Tensor time = _timeEmbedding.Forward(_backend, timesteps);
        return Predict(sample, time, conditions);
    }

    /// <summary>The same with the timesteps' features in memory, so that the pass can be recorded.</summary>
    /// <param name="sample">Noisy latents, [batch, h, w, latent channels].</param>
    /// <param name="features">[batch, <see cref="TimeFeatures"/>], from <see cref="WriteTimeFeatures"/>.</param>
    /// <param name="conditions">From <see cref="Prepare"/>, for this batch and size.</param>
    public Tensor Forward(Tensor sample, Tensor features, UNetConditions conditions)
    {
        CheckSample(sample, features.Shape.Batch, conditions);
        using Tensor time = _timeEmbedding.Forward(features);
        return Predict(sample, time, conditions);
    }

    /// <summary>Writes the features of a timestep.</summary>
    public void WriteTimeFeatures(float timestep, Span<float> features) =>
        _timeEmbedding.WriteFeatures(timestep, features);

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();

    private Tensor Predict(Tensor sample, Tensor time, UNetConditions conditions)
    {
        // 1. time: [b, 4·c0] is given.
        // 2. pre-process: [b, h, w, c0]
        using var skips = new SkipStack();
        skips.Push(_convIn.Forward(sample, conditions));

        // 3. down: every result stays on the stack, at last [b, h/8, w/8, c3]
        foreach (DownBlock block in _downBlocks)
        {
            block.Forward(time, conditions, skips);
        }

        // 4. mid
        using var hidden = new HiddenState(_midBlock.Forward(skips.Top, time, conditions));

        // 5. up: back to [b, h, w, c0]
        foreach (UpBlock block in _upBlocks)
        {
            hidden.Next(block.Forward(hidden.Value, time, conditions, skips));
        }

        // 6. post-process: [b, h, w, output channels]
        _normOut.ForwardInPlace(hidden.Value, Activation.Silu);
        return _convOut.Forward(hidden.Value);
    }

    private void CheckSample(Tensor sample, int timesteps, UNetConditions conditions)
    {
        Shape expected = new(conditions.Batch, conditions.LatentHeight, conditions.LatentWidth, Config.InChannels);
        if (sample.Shape != expected)
        {
            throw new ArgumentException($"{sample.Shape}, expected {expected} as the conditions are.", nameof(sample));
        }

        if (timesteps != expected.Batch)
        {
            throw new ArgumentException($"{timesteps} timesteps, expected {expected.Batch}.", nameof(timesteps));
        }
    }
}
