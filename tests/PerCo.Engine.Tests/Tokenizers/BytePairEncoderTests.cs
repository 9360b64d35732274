using System.Text;
using PerCo.Engine.Tokenizers;
using Xunit;

namespace PerCo.Engine.Tests.Tokenizers;

public class BytePairEncoderTests
{
    /// <summary>Against the definition: find the lowest pair, merge it everywhere, begin again.</summary>
    [Fact]
    public void QueueEqualsTheDefinition()
    {
        var random = new Random(3);
        for (int round = 0; round < 300; round++)
        {
            // Random merges are in no sensible order, and repeat, which trained ones never do.
            var symbols = new List<string> { "a", "b", "c", "a.", "b.", "c." };
            var merges = new List<(string, string)>();
            for (int i = random.Next(12); i > 0; i--)
            {
                string left = symbols[random.Next(symbols.Count)];
                string right = symbols[random.Next(symbols.Count)];
                merges.Insert(random.Next(merges.Count + 1), (left, right));
                symbols.Add(left + right);
            }

            Dictionary<string, int> vocabulary = symbols.Distinct().Select((s, i) => (s, i))
                .ToDictionary(p => p.s, p => p.i);
            var encoder = new BytePairEncoder(vocabulary, merges, ".", unknownId: 999);
            for (int length = 0; length < 30; length++)
            {
                string word = string.Concat(Enumerable.Range(0, length).Select(_ => (char)('a' + random.Next(3))));
                var ids = new List<int>();
                encoder.Encode(Encoding.UTF8.GetBytes(word), ids);
                Assert.Equal(Define(word, merges).Select(s => vocabulary[s]), ids);
            }
        }
    }

    [Fact]
    public void SymbolsOutsideTheVocabularyAreUnknown()
    {
        var encoder = new BytePairEncoder(new Dictionary<string, int> { ["a"] = 1 }, [("a", "a")], string.Empty, 7);
        var ids = new List<int>();
        encoder.Encode("aaab"u8, ids);
        Assert.Equal([7, 1, 7], ids);
    }

    private static List<string> Define(string word, List<(string Left, string Right)> merges)
    {
        var parts = word.Select(c => c.ToString()).ToList();
        if (parts.Count > 0)
        {
            parts[^1] += ".";
        }

        while (true)
        {
            int best = -1;
            for (int i = 0; i + 1 < parts.Count; i++)
            {
                int rank = merges.LastIndexOf((parts[i], parts[i + 1]));
                best = rank >= 0 && (best < 0 || rank < best) ? rank : best;
            }

            if (best < 0)
            {
                return parts;
            }

            for (int i = 0; i + 1 < parts.Count; i++)
            {
                if ((parts[i], parts[i + 1]) == merges[best])
                {
                    parts[i] += parts[i + 1];
                    parts.RemoveAt(i + 1);
                }
            }
        }
    }
}
