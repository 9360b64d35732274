using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>
/// The quantiser's codebooks. With several (the paper's product quantisation, Careil et al. 2024, sec. 3.2), each codes
/// its own equal share of the channels, and the codes of a position stand side by side: [rows, columns, books].
/// </summary>
internal sealed class ProductQuantizer
{
    private readonly CodebookWeights[] _books;

    /// <summary>Prepares the codebooks.</summary>
    /// <param name="scope">Owns the prepared weights.</param>
    /// <param name="codebooks">One or more, each [entries, code length].</param>
    public ProductQuantizer(LayerScope scope, IReadOnlyList<HostTensor> codebooks) =>
        _books = [.. codebooks.Select(codes => scope.Own(scope.Backend.PrepareCodebook(codes)))];

    /// <summary>The codes nearest to features.</summary>
    /// <param name="features">[batch, height, width, books · code length].</param>
    /// <param name="indices">Receives batch · height · width · books indices.</param>
    /// <param name="margins">As many, or empty: by how much each code's cosine exceeds the next best one's.</param>
    /// <exception cref="ArgumentException">Lengths that do not fit.</exception>
    public void Quantize(Tensor features, Span<int> indices, Span<float> margins)
    {
        if (_books.Length == 1)
        {
            features.Backend.VectorQuantize(features, _books[0], indices, margins);
            return;
        }

        Shape s = features.Shape;
        int positions = checked((int)s.Rows), length = _books[0].Channels;
        if (s.Channels != _books.Length * length || indices.Length != positions * _books.Length
            || (margins.Length != 0 && margins.Length != indices.Length))
        {
            throw new ArgumentException(
                $"{s} with {_books.Length} codebooks of length {length} does not fit {indices.Length} indices.");
        }

        var codes = new int[positions];
        float[] gaps = margins.IsEmpty ? [] : new float[positions];
        using Tensor share = features.Backend.Allocate(new Shape(s.Batch, s.Tokens, length));
        for (int book = 0; book < _books.Length; book++)
        {
            features.Backend.CopyTokens(
                new ChannelSlice(features, book * length, length), sourceStart: 0, s.Tokens, share,
                destinationStart: 0);
            features.Backend.VectorQuantize(share, _books[book], codes, gaps);
            for (int p = 0; p < positions; p++)
            {
                indices[p * _books.Length + book] = codes[p];
                if (!margins.IsEmpty)
                {
                    margins[p * _books.Length + book] = gaps[p];
                }
            }
        }
    }
}
