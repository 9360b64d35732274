using System.Runtime.CompilerServices;

namespace PerCo.Engine.Tensors;

/// <summary>
/// Extents of a tensor, outermost first; at most <see cref="MaxRank"/> of them, all non-negative.
/// Activations are [batch, height, width, channels] or [batch, tokens, channels], which are the same memory.
/// </summary>
public readonly struct Shape : IEquatable<Shape>
{
    /// <summary>The largest rank that any checkpoint of these networks has, with room to spare.</summary>
    public const int MaxRank = 6;

    private readonly Extents _extents;

    /// <summary>Creates a shape from its extents.</summary>
    /// <exception cref="ArgumentException">More than <see cref="MaxRank"/> extents, or a negative one.</exception>
    /// <exception cref="OverflowException">The element count exceeds <see cref="long"/>.</exception>
    public Shape(params ReadOnlySpan<int> extents)
    {
        if (extents.Length > MaxRank)
        {
            throw new ArgumentException($"A shape has at most {MaxRank} extents, got {extents.Length}.");
        }

        long count = 1;
        for (int i = 0; i < extents.Length; i++)
        {
            if (extents[i] < 0)
            {
                throw new ArgumentException($"Extent {i} is {extents[i]}, expected at least 0.");
            }

            _extents[i] = extents[i];
            count = checked(count * extents[i]);
        }

        Rank = extents.Length;
        Count = count;
    }

    /// <summary>Number of extents.</summary>
    public int Rank { get; }

    /// <summary>Number of elements: the product of the extents, 1 for rank 0.</summary>
    public long Count { get; }

    /// <summary>The extent at <paramref name="index"/>; <c>shape[^1]</c> is the channels of an activation.</summary>
    public int this[int index] => (uint)index < (uint)Rank
        ? _extents[index]
        : throw new ArgumentOutOfRangeException(nameof(index), index, $"The shape {this} has {Rank} extents.");

    /// <summary>Number of extents, so that <c>shape[^1]</c> works.</summary>
    public int Length => Rank;

    /// <summary>The first extent: pictures or prompts in the batch.</summary>
    public int Batch => this[0];

    /// <summary>Height of a [batch, height, width, channels] activation.</summary>
    public int Height => Rank == 4 ? _extents[1] : throw NotAnImage();

    /// <summary>Width of a [batch, height, width, channels] activation.</summary>
    public int Width => Rank == 4 ? _extents[2] : throw NotAnImage();

    /// <summary>The last extent.</summary>
    public int Channels => this[Rank - 1];

    /// <summary>Elements before the last extent: the rows of a matrix product over channels.</summary>
    public long Rows => Channels == 0 ? 0 : Count / Channels;

    /// <summary>Positions of one batch entry: height · width, or tokens.</summary>
    public int Tokens => Batch == 0 || Channels == 0 ? 0 : checked((int)(Count / Batch / Channels));

    /// <summary>The same shape with another last extent.</summary>
    public Shape WithChannels(int channels)
    {
        Span<int> extents = stackalloc int[Rank];
        CopyTo(extents);
        extents[^1] = channels;
        return new Shape(extents);
    }

    /// <summary>
    /// Writes the extents into <paramref name="destination"/>, which holds at least <see cref="Rank"/>.
    /// </summary>
    public void CopyTo(Span<int> destination)
    {
        for (int i = 0; i < Rank; i++)
        {
            destination[i] = _extents[i];
        }
    }

    /// <inheritdoc/>
    public bool Equals(Shape other)
    {
        if (Rank != other.Rank)
        {
            return false;
        }

        for (int i = 0; i < Rank; i++)
        {
            if (_extents[i] != other._extents[i])
            {
                return false;
            }
        }

        return true;
    }

    /// <inheritdoc/>
    public override bool Equals(object? obj) => obj is Shape other && Equals(other);

    /// <inheritdoc/>
    public override int GetHashCode()
    {
        var hash = default(HashCode);
        for (int i = 0; i < Rank; i++)
        {
            hash.Add(_extents[i]);
        }

        return hash.ToHashCode();
    }

    /// <summary>The shape as checkpoints print it: <c>[320,4,3,3]</c>.</summary>
    public override string ToString()
    {
        Span<int> extents = stackalloc int[Rank];
        CopyTo(extents);
        return $"[{string.Join(',', extents.ToArray())}]";
    }

    /// <summary>Whether two shapes have equal extents.</summary>
    public static bool operator ==(Shape left, Shape right) => left.Equals(right);

    /// <summary>Whether two shapes differ.</summary>
    public static bool operator !=(Shape left, Shape right) => !left.Equals(right);

    private ArgumentException NotAnImage() => new($"The shape {this} is not [batch,height,width,channels].");

    [InlineArray(MaxRank)]
    private struct Extents
    {
        private int _first;
    }
}
