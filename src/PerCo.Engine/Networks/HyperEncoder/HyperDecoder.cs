using PerCo.Engine.Backends;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;
using Linear = PerCo.Engine.Layers.Linear;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>
/// Codes → the features z_l that the U-Net reads: the part of a hyper-encoder's checkpoint that decoding needs, a few
/// hundred kilobytes of it (vector-quantize-pytorch 1.15.3, get_output_from_indices).
/// </summary>
internal sealed class HyperDecoder : IDisposable
{
    private readonly Backend _backend;
    private readonly WeightLease _lease = new();
    private readonly EmbeddingWeights _codes;
    private readonly Linear? _projectOut;

    /// <summary>Prepares the weights.</summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="config">The hyper-encoder's <c>config.json</c>.</param>
    /// <param name="source">
    /// The hyper-encoder's checkpoint, which must stay open as long as this object is in use.
    /// </param>
    /// <exception cref="PerCoException">A tensor is missing, unused, or has another shape.</exception>
    public HyperDecoder(Backend backend, HyperEncoderConfig config, IWeightSource source)
    {
        ArgumentNullException.ThrowIfNull(backend);
        ArgumentNullException.ThrowIfNull(config);
        _backend = backend;
        Config = config;
        using var load = new NetworkLoad(backend, source, _lease);
        LayerScope scope = load.Root;
        _codes = scope.Own(backend.PrepareEmbedding(Codebook.Read(scope.Weights, config)));
        _projectOut = config.HasProjections()
            ? new Linear(
                scope["quantizer"]["project_out"], config.QuantiserChannels, config.FeatureChannels, bias: true)
            : null;
        load.Complete([.. Codebook.TrainingState, "quantizer.project_in", "backbone"]);
    }

    /// <summary>What the network was built from.</summary>
    public HyperEncoderConfig Config { get; }

    /// <summary>Memory that the prepared weights take, in bytes.</summary>
    public long WeightBytes => _lease.Bytes;

    /// <summary>The features of codes.</summary>
    /// <param name="indices">
    /// batch · height · width · books indices, row by row, each below the codebook's size.
    /// </param>
    /// <param name="batch">Pictures.</param>
    /// <param name="height">Rows of the grid.</param>
    /// <param name="width">Columns of the grid.</param>
    /// <returns>z_l, [batch, height, width, <see cref="HyperEncoderConfig.FeatureChannels"/>].</returns>
    /// <exception cref="ArgumentException">An index out of range, or another number of them.</exception>
    public Tensor Lookup(ReadOnlySpan<int> indices, int batch, int height, int width)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(batch);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(height);
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(width);
        int books = Config.Codebooks;
        if (indices.Length != (long)batch * height * width * books)
        {
            throw new ArgumentException(
                $"{indices.Length} indices, expected {batch}x{height}x{width}x{books}.", nameof(indices));
        }

        // 1. Codes [b, h · w · books, code length], which are in memory what they are as a picture: [b, h, w, books ·
        // code length]. The table holds one codebook after the other.
        var rows = new int[indices.Length];
        for (int i = 0; i < rows.Length; i++)
        {
            if ((uint)indices[i] >= (uint)Config.CodebookSize)
            {
                throw new ArgumentException(
                    $"Index {i} is {indices[i]}, expected 0 to {Config.CodebookSize - 1}.", nameof(indices));
            }

            rows[i] = i % books * Config.CodebookSize + indices[i];
        }

        using Tensor row = _backend.Embed(rows, _codes, batch);
        using var codes = new HiddenState(
            _backend.Upload(new Shape(batch, height, width, Config.QuantiserChannels), row.ToFloats()));

        // 2. Features: [b, h, w, M]
        if (_projectOut is not null)
        {
            codes.Next(_projectOut.Forward(codes.Value));
        }

        return codes.Take();
    }

    /// <inheritdoc/>
    public void Dispose() => _lease.Dispose();
}
