using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Tensors;

/// <summary>
/// Weights in the form that one backend computes with: packed, transformed or quantised. Made once while loading and
/// read by many threads; they know the shapes, so that every op can check its operands.
/// </summary>
public abstract class PreparedWeights : IDisposable
{
    /// <summary>Memory that the prepared form takes, in bytes.</summary>
    public abstract long Bytes { get; }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees the memory.</summary>
    protected virtual void Dispose(bool disposing)
    {
    }
}

/// <summary>A prepared convolution.</summary>
public abstract class ConvWeights(Conv2dSpec spec) : PreparedWeights
{
    /// <summary>Channels, kernel, stride and padding.</summary>
    public Conv2dSpec Spec { get; } = spec;
}

/// <summary>A prepared matrix.</summary>
public abstract class LinearWeights(LinearSpec spec) : PreparedWeights
{
    /// <summary>Features and activation.</summary>
    public LinearSpec Spec { get; } = spec;
}

/// <summary>Scale and shift of a GroupNorm or LayerNorm.</summary>
public abstract class NormWeights(int channels) : PreparedWeights
{
    /// <summary>Length of scale and of shift.</summary>
    public int Channels { get; } = channels;
}

/// <summary>A table of vectors that are looked up by index: token embeddings.</summary>
public abstract class EmbeddingWeights(int entries, int channels) : PreparedWeights
{
    /// <summary>Number of vectors.</summary>
    public int Entries { get; } = entries;

    /// <summary>Length of a vector.</summary>
    public int Channels { get; } = channels;
}

/// <summary>A vector quantiser's codes, each of unit length.</summary>
public abstract class CodebookWeights(int entries, int channels) : PreparedWeights
{
    /// <summary>Number of codes.</summary>
    public int Entries { get; } = entries;

    /// <summary>Length of a code.</summary>
    public int Channels { get; } = channels;
}
