using System.Diagnostics;
using System.Text.Json;
using PerCo.Engine.Tokenizers;
using Xunit;

namespace PerCo.Engine.Tests.Tokenizers;

public class Gpt2TokenizerTests
{
    private static readonly string Mini = Path.Combine(TestPaths.DefaultModel, "captioner");
    private static readonly Gpt2Tokenizer Tokenizer = Gpt2Tokenizer.Load(Mini);

    [Fact]
    public void IdsEqualThePlainImplementations()
    {
        int count = 0;
        foreach ((string text, int[] ids) in TokenizerCases.Read(TestPaths.Goldens("tokenizers/gpt2.json")))
        {
            Assert.Equal([Tokenizer.BosId, .. ids], Tokenizer.Encode(text));
            Assert.Equal(text, Tokenizer.Decode(ids, skipSpecialTokens: false, cleanUpSpaces: false));
            count++;
        }

        Assert.True(count >= 100, $"only {count} cases");
    }

    // The captioner_tokenizer cases of goldens/mini: transformers' own ids and texts.
    [Theory]
    [InlineData("", "", 2)]
    [InlineData("  two  dogs\n run", "  two  dogs\n run", 2, 224, 511, 224, 418, 202, 351)]
    [InlineData("it's 12,345.6 km", "it's 12,345.6 km", 2, 271, 10, 86, 224, 20, 21, 15, 22, 23, 24, 17, 25, 476, 80)]
    [InlineData("🐶🐶 x", "🐶🐶 x", 2, 176, 257, 242, 118, 176, 257, 242, 118, 224, 91)]
    public void IdsAndTextsEqualTransformers(string text, string decoded, params int[] ids)
    {
        Assert.Equal(ids, Tokenizer.Encode(text));
        Assert.Equal(decoded, Tokenizer.Decode(ids, skipSpecialTokens: true));
    }

    [SkippableFact]
    public void IdsAndTextsEqualTheWholeGoldenCase()
    {
        Skip.If(TestPaths.Shared is null, "needs shared/goldens/mini, which is not here");
        using JsonDocument json = JsonDocument.Parse(
            File.ReadAllBytes(Path.Combine(TestPaths.Shared, "goldens", "mini", "case.json")));
        foreach (JsonElement entry in json.RootElement.GetProperty("captioner_tokenizer").EnumerateArray())
        {
            int[] ids = [.. entry.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
            Assert.Equal(ids, Tokenizer.Encode(entry.GetProperty("text").GetString()!));
            Assert.Equal(entry.GetProperty("decoded").GetString(), Tokenizer.Decode(ids, skipSpecialTokens: true));
        }
    }

    [Fact]
    public void EncodedTextsDecodeExactly()
    {
        var random = new Random(1);
        for (int i = 0; i < 500; i++)
        {
            string text = TokenizerCases.RandomText(random, random.Next(40));
            int[] ids = Tokenizer.Encode(text);
            Assert.Equal("</s>" + text, Tokenizer.Decode(ids, skipSpecialTokens: false, cleanUpSpaces: false));
        }
    }

    [Fact]
    public void InvalidUtf8BecomesReplacementCharacters()
    {
        // The bytes 0xE6 0x9D (two thirds of a character), 'a', 0xFF, by their letters in the byte alphabet.
        int[] ids = [.. new[] { "æ", "Ŀ", "a", "ÿ" }.Select(VocabularyId)];
        Assert.Equal("\uFFFDa\uFFFD", Tokenizer.Decode(ids, skipSpecialTokens: false));
        Assert.Equal(Tokenizer.Encode("a\uFFFD"), Tokenizer.Encode("a\uD83D"));
    }

    [Fact]
    public void SpecialTokensInTextAreThemselvesAndCanBeSkipped()
    {
        int[] ids = Tokenizer.Encode("a</s>b<pad>");
        Assert.Equal(5, ids.Length);
        Assert.Equal((2, 2, 1), (ids[0], ids[2], ids[4]));
        Assert.Equal("ab", Tokenizer.Decode(ids, skipSpecialTokens: true));
        Assert.Equal((2, 2, 1), (Tokenizer.BosId, Tokenizer.EosId, Tokenizer.PadId!.Value));
    }

    [Fact]
    public void CleansUpSpacesAsTheFolderSays()
    {
        int[] ids = Tokenizer.Encode("a man , a dog 's ball .");
        Assert.Equal("a man, a dog's ball.", Tokenizer.Decode(ids, skipSpecialTokens: true));
        Assert.Equal("a man , a dog 's ball .", Tokenizer.Decode(ids, true, cleanUpSpaces: false));

        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        string config = File.ReadAllText(folder.File("tokenizer_config.json"));
        config = config.Replace("_spaces\": true", "_spaces\": false", StringComparison.Ordinal);
        folder.Text("tokenizer_config.json", config);
        Assert.Equal("a .", Gpt2Tokenizer.Load(folder.Path).Decode(Tokenizer.Encode("a ."), skipSpecialTokens: true));
    }

    [Fact]
    public void PrefixSpaceIsAddedWhereTheFolderSaysSo()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        string config = File.ReadAllText(folder.File("tokenizer_config.json"));
        config = config.Replace("prefix_space\": false", "prefix_space\": true", StringComparison.Ordinal)
            .Replace("\"add_bos_token\": true,", string.Empty, StringComparison.Ordinal);
        folder.Text("tokenizer_config.json", config);
        Assert.Equal(Tokenizer.Encode(" a dog")[1..], Gpt2Tokenizer.Load(folder.Path).Encode("a dog"));
    }

    [Fact]
    public void UnknownIdsAreNamed()
    {
        foreach (int id in new[] { -1, Tokenizer.VocabularySize, int.MaxValue })
        {
            var e = Assert.Throws<PerCoException>(() => Tokenizer.Decode([5, id], skipSpecialTokens: true));
            Assert.Contains(id.ToString(), e.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public void LongWordsTakeNoQuadraticTime()
    {
        string text = new('x', 1 << 18);
        var watch = Stopwatch.StartNew();
        Assert.Equal(text, Tokenizer.Decode(Tokenizer.Encode(text), skipSpecialTokens: true));
        // A quadratic loop would take minutes.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"took {watch.Elapsed}");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TokenizerJsonGivesTheSameIds(bool mergesAsPairs)
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        folder.Combine(mergesAsPairs, "[]");
        Gpt2Tokenizer tokenizer = Gpt2Tokenizer.Load(folder.Path);
        Assert.Equal(Tokenizer.Encode("it's a dog</s> \u6771"), tokenizer.Encode("it's a dog</s> \u6771"));
    }

    private static int VocabularyId(string token)
    {
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(Mini, "vocab.json")));
        return json.RootElement.GetProperty(token).GetInt32();
    }
}
