namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// An interpolated n-gram model as a trie: a node's path from the root is a context, its children are the symbols
/// seen after it. The probability of a symbol is the child's own, if there is one, plus the context's left-over times
/// what the next shorter context says (Chen and Goodman, 1999). All in integers.
/// </summary>
internal sealed class NGramModel
{
    // What stands for 1: in what is left over for shorter contexts, and in the table of powers.
    private const int OneBits = 32;
    private const int PowerBits = 30;

    private readonly int _order;
    private readonly uint[] _powers;

    // Per level: symbol (empty at level 0, where it is the index), code of the probability, code of the left-over,
    // and where the children start in the next level; one entry more than nodes there.
    private readonly int[][] _symbols;
    private readonly byte[][] _probabilities;
    private readonly byte[][] _leftOvers;
    private readonly int[][] _children;

    /// <summary>Reads a model that tools/caption-model/make.py wrote.</summary>
    public NGramModel(ref CaptionModelReader reader, uint[] powers)
    {
        _powers = powers;
        _order = reader.ReadCount();
        Size = reader.ReadCount();
        _symbols = new int[_order][];
        _probabilities = new byte[_order][];
        _leftOvers = new byte[_order][];
        _children = new int[_order][];
        int[] parents = [];
        for (int level = 0; level < _order; level++)
        {
            CaptionModelReader ids = reader.ReadBlock();
            _probabilities[level] = reader.ReadBlock().ReadRest();
            int nodes = _probabilities[level].Length;
            _symbols[level] = level == 0 ? [] : ReadSymbols(ref ids, parents, nodes);
            if (level == _order - 1)
            {
                break;
            }

            CaptionModelReader counts = reader.ReadBlock();
            byte[] leftOvers = reader.ReadBlock().ReadRest();
            _leftOvers[level] = new byte[nodes];
            parents = new int[nodes + 1];
            int next = 0;
            for (int i = 0; i < nodes; i++)
            {
                int count = counts.ReadCount();
                parents[i + 1] = parents[i] + count;
                _leftOvers[level][i] = count > 0 ? leftOvers[next++] : (byte)0;
            }

            _children[level] = parents;
        }
    }

    /// <summary>How many symbols there are.</summary>
    public int Size { get; }

    /// <summary>
    /// The frequency of every symbol after <paramref name="history"/>, at least 1 each; they add up to little more
    /// than 2^30.
    /// </summary>
    /// <param name="history">The symbols so far, of which the last few count.</param>
    /// <param name="frequencies">Where the <see cref="Size"/> frequencies go.</param>
    public void Predict(ReadOnlySpan<int> history, Span<uint> frequencies)
    {
        frequencies.Clear();
        ulong left = 1UL << OneBits;
        for (int length = Math.Min(_order - 1, history.Length); length > 0; length--)
        {
            int node = Find(history[^length..]);
            if (node < 0)
            {
                continue;
            }

            int level = length - 1;
            int end = _children[level][node + 1];
            for (int child = _children[level][node]; child < end; child++)
            {
                frequencies[_symbols[length][child]] +=
                    (uint)((left * _powers[_probabilities[length][child]]) >> OneBits);
            }

            if (end > _children[level][node])
            {
                left = (left * _powers[_leftOvers[level][node]]) >> PowerBits;
            }
        }

        // The shortest context, none, knows every symbol; it has few different probabilities.
        Span<uint> scaled = stackalloc uint[_powers.Length];
        for (int i = 0; i < scaled.Length; i++)
        {
            scaled[i] = (uint)((left * _powers[i]) >> OneBits) + 1;
        }

        byte[] single = _probabilities[0];
        for (int i = 0; i < frequencies.Length; i++)
        {
            frequencies[i] += scaled[single[i]];
        }
    }

    private int Find(ReadOnlySpan<int> context)
    {
        int node = context[0];
        for (int level = 1; level < context.Length; level++)
        {
            int start = _children[level - 1][node];
            int end = _children[level - 1][node + 1];
            int found = Array.BinarySearch(_symbols[level], start, end - start, context[level]);
            if (found < 0)
            {
                return -1;
            }

            node = found;
        }

        return node;
    }

    // Each parent's first symbol as it is, then the gaps between them.
    private static int[] ReadSymbols(ref CaptionModelReader ids, int[] parents, int nodes)
    {
        var symbols = new int[nodes];
        for (int parent = 0; parent + 1 < parents.Length; parent++)
        {
            int previous = -1;
            for (int i = parents[parent]; i < parents[parent + 1]; i++)
            {
                previous += ids.ReadCount() + 1;
                symbols[i] = previous;
            }
        }

        return symbols;
    }
}
