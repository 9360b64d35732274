using System.Collections.Frozen;
using System.Runtime.InteropServices;

namespace PerCo.Engine.Tokenizers;

/// <summary>
/// Unicode normal form C (UAX #15). Written here because <see cref="string.Normalize()"/> returns its input unchanged
/// under InvariantGlobalization, and otherwise depends on the system's ICU: token ids must not.
/// </summary>
internal static class CanonicalComposition
{
    private const int HangulBase = 0xAC00;
    private const int LeadBase = 0x1100;
    private const int VowelBase = 0x1161;
    private const int TrailBase = 0x11A7;
    private const int LeadCount = 19;
    private const int VowelCount = 21;
    private const int TrailCount = 28;
    private const int HangulCount = LeadCount * VowelCount * TrailCount;

    // Nothing below U+0300 combines, so only texts that reach it need work.
    private const int FirstAffected = 0x300;

    private static readonly FrozenDictionary<int, (int First, int Second)> Decompositions = ReadDecompositions();
    private static readonly FrozenDictionary<long, int> Compositions = ReadCompositions();

    /// <summary>Replaces the code points of <paramref name="text"/> by their normal form C.</summary>
    public static void Normalize(List<int> text)
    {
        bool affected = false;
        foreach (int c in text)
        {
            affected |= c >= FirstAffected;
        }

        if (!affected)
        {
            return;
        }

        var decomposed = new List<int>(text.Count + 16);
        foreach (int c in text)
        {
            Decompose(c, decomposed);
        }

        Span<int> points = CollectionsMarshal.AsSpan(decomposed);
        byte[] classes = new byte[points.Length];
        for (int i = 0; i < points.Length; i++)
        {
            classes[i] = ClassOf(points[i]);
        }

        Reorder(points, classes);
        text.Clear();
        Compose(points, classes, text);
    }

    private static void Decompose(int c, List<int> output)
    {
        int syllable = c - HangulBase;
        if ((uint)syllable < HangulCount)
        {
            output.Add(LeadBase + (syllable / (VowelCount * TrailCount)));
            output.Add(VowelBase + (syllable / TrailCount % VowelCount));
            if (syllable % TrailCount != 0)
            {
                output.Add(TrailBase + (syllable % TrailCount));
            }
        }
        else if (Decompositions.TryGetValue(c, out (int First, int Second) parts))
        {
            Decompose(parts.First, output);
            if (parts.Second != 0)
            {
                Decompose(parts.Second, output);
            }
        }
        else
        {
            output.Add(c);
        }
    }

    // Canonical ordering: each run of marks (class > 0) is sorted by class, stably.
    private static void Reorder(Span<int> points, byte[] classes)
    {
        int start = 0;
        while (start < points.Length)
        {
            int end = start;
            bool sorted = true;
            while (end < points.Length && classes[end] != 0)
            {
                sorted &= end == start || classes[end - 1] <= classes[end];
                end++;
            }

            if (!sorted)
            {
                // class << 32 | position keeps equal classes in their order, in O(n log n) for any run.
                var keys = new long[end - start];
                for (int i = start; i < end; i++)
                {
                    keys[i - start] = ((long)classes[i] << 32) | (uint)(i - start);
                }

                int[] run = points[start..end].ToArray();
                Array.Sort(keys);
                for (int i = start; i < end; i++)
                {
                    points[i] = run[(int)(uint)keys[i - start]];
                    classes[i] = (byte)(keys[i - start] >> 32);
                }
            }

            start = end + 1;
        }
    }

    private static void Compose(ReadOnlySpan<int> points, byte[] classes, List<int> output)
    {
        int starter = -1;
        byte lastClass = 0;
        for (int i = 0; i < points.Length; i++)
        {
            int c = points[i];
            byte k = classes[i];
            // A mark is blocked from its starter by an earlier one of the same or a higher class, and a starter
            // by anything in between.
            bool adjacent = starter == output.Count - 1;
            if (starter >= 0 && (adjacent || lastClass < k) && TryCompose(output[starter], c, out int composed))
            {
                output[starter] = composed;
                continue;
            }

            if (k == 0)
            {
                starter = output.Count;
            }

            lastClass = k;
            output.Add(c);
        }
    }

    private static bool TryCompose(int first, int second, out int composed)
    {
        int lead = first - LeadBase;
        int vowel = second - VowelBase;
        if ((uint)lead < LeadCount && (uint)vowel < VowelCount)
        {
            composed = HangulBase + (((lead * VowelCount) + vowel) * TrailCount);
            return true;
        }

        int syllable = first - HangulBase;
        int trail = second - TrailBase;
        if ((uint)syllable < HangulCount && syllable % TrailCount == 0 && trail > 0 && trail < TrailCount)
        {
            composed = first + trail;
            return true;
        }

        return Compositions.TryGetValue(Key(first, second), out composed);
    }

    private static byte ClassOf(int c)
    {
        ReadOnlySpan<int> runs = CanonicalData.Classes;
        int low = 0;
        int high = (runs.Length / 3) - 1;
        while (low <= high)
        {
            int middle = (low + high) / 2;
            if (c < runs[3 * middle])
            {
                high = middle - 1;
            }
            else if (c > runs[(3 * middle) + 1])
            {
                low = middle + 1;
            }
            else
            {
                return (byte)runs[(3 * middle) + 2];
            }
        }

        return 0;
    }

    private static FrozenDictionary<int, (int First, int Second)> ReadDecompositions()
    {
        var table = new Dictionary<int, (int First, int Second)>();
        Add(CanonicalData.Pairs);
        Add(CanonicalData.OneWay);
        return table.ToFrozenDictionary();

        void Add(ReadOnlySpan<int> rows)
        {
            for (int i = 0; i < rows.Length; i += 3)
            {
                table.Add(rows[i], (rows[i + 1], rows[i + 2]));
            }
        }
    }

    private static FrozenDictionary<long, int> ReadCompositions()
    {
        ReadOnlySpan<int> rows = CanonicalData.Pairs;
        var table = new Dictionary<long, int>();
        for (int i = 0; i < rows.Length; i += 3)
        {
            table.Add(Key(rows[i + 1], rows[i + 2]), rows[i]);
        }

        return table.ToFrozenDictionary();
    }

    private static long Key(int first, int second) => ((long)first << 32) | (uint)second;
}
