using System.Diagnostics;
using System.Text.Json;
using PerCo.Engine.Tokenizers;
using Xunit;

namespace PerCo.Engine.Tests.Tokenizers;

public class ClipTokenizerTests
{
    private static readonly string Mini = Path.Combine(TestPaths.DefaultModel, "tokenizer");
    private static readonly ClipTokenizer Tokenizer = ClipTokenizer.Load(Mini);

    [Fact]
    public void IdsEqualThePlainImplementations()
    {
        int count = 0;
        foreach ((string text, int[] ids) in TokenizerCases.Read(TestPaths.Goldens("tokenizers/clip.json")))
        {
            int[] expected = [Tokenizer.BosId, .. ids, Tokenizer.EosId];
            Assert.Equal(expected, Tokenizer.Encode(text, expected.Length));
            count++;
        }

        Assert.True(count >= 100, $"only {count} cases");
    }

    [SkippableFact]
    public void IdsEqualTransformersOnStableDiffusionsTokenizer()
    {
        Skip.If(TestPaths.Shared is null, "needs shared/goldens/text_encoder (1.5 MB), which is not here");
        string folder = Path.Combine(TestPaths.Shared, "goldens", "text_encoder");
        using JsonDocument json = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, "case.json")));
        string[] texts = [.. json.RootElement.GetProperty("texts").EnumerateArray().Select(e => e.GetString()!)];
        ClipTokenizer tokenizer = ClipTokenizer.Load(Path.Combine(folder, "tokenizer"));
        long[] expected = SafetensorsIds.Read(Path.Combine(folder, "io.safetensors"), "ids");
        Assert.Equal(texts.Length * 77, expected.Length);
        Assert.Equal(0, tokenizer.PadId);
        for (int i = 0; i < texts.Length; i++)
        {
            Assert.Equal(expected[(77 * i)..(77 * (i + 1))], tokenizer.Encode(texts[i], 77).Select(id => (long)id));
        }
    }

    [Fact]
    public void CutsAndPads()
    {
        int[] whole = Tokenizer.Encode("a dog runs", 16);
        int length = Array.IndexOf(whole, Tokenizer.EosId) + 1;
        Assert.True(length > 3);
        Assert.All(whole[length..], id => Assert.Equal(Tokenizer.PadId, id));

        int[] cut = Tokenizer.Encode("a dog runs", length - 1);
        Assert.Equal([.. whole[..(length - 2)], Tokenizer.EosId], cut);
        Assert.Equal([Tokenizer.BosId, Tokenizer.EosId], Tokenizer.Encode("a dog runs", 2));
        Assert.Throws<ArgumentOutOfRangeException>(() => Tokenizer.Encode("a", 1));
    }

    [Theory]
    [InlineData("a <|endoftext|> b")]
    [InlineData("a <|ENDOFTEXT|> b")]
    [InlineData("a<|EndOfText|>b")]
    public void SpecialTokenInTextIsItself(string text)
    {
        int[] a = Tokenizer.Encode("a", 3);
        int[] b = Tokenizer.Encode("b", 3);
        Assert.Equal([Tokenizer.BosId, a[1], Tokenizer.EosId, b[1], Tokenizer.EosId], Tokenizer.Encode(text, 5));
    }

    [Fact]
    public void LoneSurrogatesAndControlsVanish() =>
        Assert.Equal(Tokenizer.Encode("a dog", 9), Tokenizer.Encode("a\uD800 do\u0007g\uDC00\uE000\u200B", 9));

    [Fact]
    public void DecomposedAndComposedTextsAreOne() =>
        Assert.Equal(Tokenizer.Encode("caf\u00E9 \uAC01", 40), Tokenizer.Encode("cafe\u0301 \u1100\u1161\u11A8", 40));

    [Theory]
    [InlineData('x')]
    [InlineData('!')]
    [InlineData('\u0301')]
    [InlineData(' ')]
    public void LongTextsTakeNoQuadraticTime(char c)
    {
        string text = "a" + new string(c, 1 << 18);
        var watch = Stopwatch.StartNew();
        int[] ids = Tokenizer.Encode(text, 77);
        // A quadratic loop would take minutes.
        Assert.True(watch.Elapsed < TimeSpan.FromSeconds(30), $"took {watch.Elapsed}");
        Assert.Equal(77, ids.Length);
    }

    [Fact]
    public void MissingConfigsMeanThePublishedDefaults()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        File.Delete(folder.File("tokenizer_config.json"));
        File.Delete(folder.File("special_tokens_map.json"));
        folder.Text(
            "vocab.json",
            File.ReadAllText(folder.File("vocab.json")).TrimEnd().TrimEnd('}')
            + ", \"<|startoftext|>\": 2807, \"<|endoftext|>\": 2808 }");
        ClipTokenizer tokenizer = ClipTokenizer.Load(folder.Path);
        Assert.Equal((2807, 2808, 2808), (tokenizer.BosId, tokenizer.EosId, tokenizer.PadId));
        Assert.Equal(Tokenizer.Encode("two dogs <|endoftext|>", 12), tokenizer.Encode("two dogs <|endoftext|>", 12));
    }

    [Fact]
    public void OlderFoldersTakePaddingFromTheMap()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        folder.Text("tokenizer_config.json", """{ "pad_token": "<|endoftext|>", "do_lower_case": true }""");
        folder.Text(
            "special_tokens_map.json",
            """
            { "pad_token": "!", "bos_token": "a</w>", "eos_token": "b</w>", "unk_token": { "content": "b</w>" } }
            """);
        Assert.Equal(0, ClipTokenizer.Load(folder.Path).PadId);
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public void TokenizerJsonGivesTheSameIds(bool mergesAsPairs)
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        folder.Combine(
            mergesAsPairs,
            """
            [ { "id": 2807, "content": "<|startoftext|>", "special": true },
              { "id": 2808, "content": "<|endoftext|>", "special": true } ]
            """);
        File.Delete(folder.File("tokenizer_config.json"));
        ClipTokenizer tokenizer = ClipTokenizer.Load(folder.Path);
        const string text = "A man's <|endoftext|> caf\u00E9";
        Assert.Equal(Tokenizer.Encode(text, 20), tokenizer.Encode(text, 20));
    }
}
