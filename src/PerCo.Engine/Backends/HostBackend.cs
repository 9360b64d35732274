using PerCo.Engine.Tensors;

namespace PerCo.Engine.Backends;

/// <summary>What the backends share whose activations are fp32 in host memory.</summary>
public abstract class HostBackend : Backend
{
    private protected HostBackend()
    {
    }

    /// <inheritdoc/>
    public override long MemoryInUse => Arena.InUse;

    /// <inheritdoc/>
    public override long PeakMemory => Arena.Peak;

    internal HostArena Arena { get; } = new();

    /// <inheritdoc/>
    public override void ResetPeak() => Arena.ResetPeak();

    /// <inheritdoc/>
    public override void TrimMemory() => Arena.Trim();

    /// <inheritdoc/>
    public override Tensor Allocate(Shape shape) => new(this, shape, Arena.Rent(shape.Count));

    /// <inheritdoc/>
    public override void Upload(ReadOnlySpan<float> values, Tensor destination)
    {
        if (values.Length != destination.Shape.Count)
        {
            throw new ArgumentException($"{destination.Shape} holds {destination.Shape.Count} values, got "
                + $"{values.Length}.");
        }

        values.CopyTo(destination.Span());
    }

    /// <inheritdoc/>
    public override void Download(Tensor source, Span<float> destination)
    {
        if (destination.Length != source.Shape.Count)
        {
            throw new ArgumentException($"{source.Shape} holds {source.Shape.Count} values, got room for "
                + $"{destination.Length}.");
        }

        source.Span().CopyTo(destination);
    }

    /// <inheritdoc/>
    public override NormWeights PrepareNorm(HostTensor scale, HostTensor shift) =>
        new HostNormWeights(scale.ToFloats(), shift.ToFloats());

    /// <inheritdoc/>
    public override EmbeddingWeights PrepareEmbedding(HostTensor table) => new HostEmbeddingWeights(table);

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            Arena.Dispose();
        }

        base.Dispose(disposing);
    }
}
