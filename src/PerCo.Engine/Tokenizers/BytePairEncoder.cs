namespace PerCo.Engine.Tokenizers;

/// <summary>
/// Byte-pair merging of one word (Sennrich et al., 2016, on bytes as in GPT-2). The pair of lowest rank is merged at
/// every place, left to right, before the next pair is looked for; a queue makes that O(n log n) in the word's length.
/// </summary>
internal sealed class BytePairEncoder
{
    private readonly Dictionary<string, int> _symbols = new(StringComparer.Ordinal);
    private readonly Dictionary<ulong, Merge> _merges;
    private readonly int[] _ids;
    private readonly int[] _plain = new int[256];
    private readonly int[] _last = new int[256];

    /// <summary>Prepares the merge table.</summary>
    /// <param name="vocabulary">Token to id.</param>
    /// <param name="merges">Pairs by rank, the first being merged first; of a repeated pair the later rank counts.
    /// </param>
    /// <param name="endOfWord">What a word's last symbol carries, e.g. <c>&lt;/w&gt;</c>; may be empty.</param>
    /// <param name="unknownId">The id of symbols that the vocabulary lacks.</param>
    public BytePairEncoder(
        IReadOnlyDictionary<string, int> vocabulary,
        IReadOnlyList<(string Left, string Right)> merges,
        string endOfWord,
        int unknownId)
    {
        for (int b = 0; b < 256; b++)
        {
            string symbol = ByteAlphabet.ToCharacter((byte)b).ToString();
            _plain[b] = Intern(symbol);
            _last[b] = Intern(symbol + endOfWord);
        }

        _merges = new Dictionary<ulong, Merge>(merges.Count);
        for (int rank = 0; rank < merges.Count; rank++)
        {
            (string left, string right) = merges[rank];
            _merges[Key(Intern(left), Intern(right))] = new Merge(rank, Intern(left + right));
        }

        _ids = new int[_symbols.Count];
        foreach ((string symbol, int index) in _symbols)
        {
            _ids[index] = vocabulary.GetValueOrDefault(symbol, unknownId);
        }
    }

    /// <summary>Appends the ids of one word, given as its UTF-8 bytes; an empty word has none.</summary>
    public void Encode(ReadOnlySpan<byte> word, List<int> ids)
    {
        if (word.IsEmpty)
        {
            return;
        }

        // A doubly linked list over positions: a merged symbol lives at its left part's position.
        int n = word.Length;
        int[] symbol = new int[n];
        int[] next = new int[n];
        int[] previous = new int[n];
        for (int i = 0; i < n; i++)
        {
            symbol[i] = i == n - 1 ? _last[word[i]] : _plain[word[i]];
            next[i] = i + 1;
            previous[i] = i - 1;
        }

        var queue = new PriorityQueue<int, (int Rank, int Position)>(n);
        for (int i = 0; i < n; i++)
        {
            Enqueue(i);
        }

        var touched = new List<int>();
        while (queue.TryPeek(out _, out (int Rank, int Position) best))
        {
            // All places of one pair go first; pairs that this makes wait, even if their rank is lower.
            touched.Clear();
            while (queue.TryPeek(out int at, out (int Rank, int Position) entry) && entry.Rank == best.Rank)
            {
                queue.Dequeue();
                if (symbol[at] < 0 || !TryFindMerge(at, out Merge merge) || merge.Rank != best.Rank)
                {
                    continue; // Out of date: one of its symbols has been merged since.
                }

                int gone = next[at];
                symbol[at] = merge.Result;
                symbol[gone] = -1;
                next[at] = next[gone];
                if (next[at] < n)
                {
                    previous[next[at]] = at;
                }

                touched.Add(at);
                if (previous[at] >= 0)
                {
                    touched.Add(previous[at]);
                }
            }

            foreach (int at in touched)
            {
                if (symbol[at] >= 0)
                {
                    Enqueue(at);
                }
            }
        }

        for (int i = 0; i < n; i = next[i])
        {
            ids.Add(_ids[symbol[i]]);
        }

        void Enqueue(int at)
        {
            if (TryFindMerge(at, out Merge merge))
            {
                queue.Enqueue(at, (merge.Rank, at));
            }
        }

        bool TryFindMerge(int at, out Merge merge)
        {
            merge = default;
            return next[at] < n && _merges.TryGetValue(Key(symbol[at], symbol[next[at]]), out merge);
        }
    }

    private int Intern(string symbol)
    {
        if (!_symbols.TryGetValue(symbol, out int index))
        {
            index = _symbols.Count;
            _symbols.Add(symbol, index);
        }

        return index;
    }

    private static ulong Key(int left, int right) => ((ulong)(uint)left << 32) | (uint)right;

    private readonly record struct Merge(int Rank, int Result);
}
