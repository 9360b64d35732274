using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends;

/// <summary>What the backends share whose activations are fp32 in host memory.</summary>
public abstract class HostBackend : Backend, IRowBandOps
{
    /// <summary>A few times the second-level cache: smaller bands read too many rows twice.</summary>
    internal const long BandBytes = 8 << 20;

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
    public override Tensor Allocate(Shape shape)
    {
        // Nearly every op begins with its result, so this ends a pass between ops.
        Cancellation.ThrowIfCancellationRequested();
        return new Tensor(this, shape, Arena.Rent(shape.Count));
    }

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
    long IRowBandOps.DefaultBandBytes => BandBytes;

    /// <inheritdoc/>
    Tensor IRowBandOps.View(Tensor x, long first, Shape shape)
    {
        OpCheck.That(
            first >= 0 && first + shape.Count <= x.Shape.Count, "View", "values", $"within {x.Shape}",
            $"{shape} from {first}");
        return new Tensor(this, shape, ((HostStorage)x.Storage).View(first, shape.Count));
    }

    /// <inheritdoc/>
    Tensor IRowBandOps.Narrow(Tensor x, Shape shape)
    {
        OpCheck.That(shape.Count <= x.Shape.Count, "Narrow", "values", $"at most {x.Shape}", shape);
        return new Tensor(this, shape, ((HostStorage)x.TakeStorage()).Narrow(shape.Count));
    }

    /// <inheritdoc/>
    Tensor IRowBandOps.NormFactors(Tensor x, NormWeights weights, int groups, float epsilon)
    {
        Tensors.Ops.GroupNorm.ResultShape(x, second: null, weights, groups, Activation.None);
        using Tensor result = Allocate(new Shape(x.Shape.Batch, 3, weights.Channels));
        NormFactorsCore(x, weights, groups, epsilon, result);
        return result.Move();
    }

    /// <inheritdoc/>
    Tensor IRowBandOps.NormApply(Tensor x, Tensor factors, Activation activation)
    {
        var expected = new Shape(x.Shape.Batch, 3, x.Shape.Channels);
        OpCheck.That(factors.Shape == expected, "NormApply", "factors", expected, factors.Shape);
        using Tensor result = Allocate(x.Shape);
        NormApplyCore(x, factors, activation, result);
        return result.Move();
    }

    /// <summary>Mean, slope and shift of every channel of every picture, [batch, 3, channels].</summary>
    private protected abstract void NormFactorsCore(
        Tensor x, NormWeights weights, int groups, float epsilon, Tensor result);

    /// <summary>activation((x − mean) · slope + shift).</summary>
    private protected abstract void NormApplyCore(Tensor x, Tensor factors, Activation activation, Tensor result);

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
