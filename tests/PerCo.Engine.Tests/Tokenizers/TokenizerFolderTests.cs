using System.Text.Json;
using PerCo.Engine.Tokenizers;
using Xunit;

namespace PerCo.Engine.Tests.Tokenizers;

/// <summary>Every damaged file is an error that names the file and the place.</summary>
public class TokenizerFolderTests
{
    private static readonly string Mini = Path.Combine(TestPaths.DefaultModel, "captioner");

    [Theory]
    [InlineData("vocab.json", "{ \"a\": 1,\n \"b\" 2 }", "vocab.json line 2: no valid JSON. Copy")]
    [InlineData("vocab.json", "[]", "the root")]
    [InlineData("vocab.json", "{ \"a\": -1 }", "'a' is -1")]
    [InlineData("vocab.json", "{ \"a\": 1048576 }", "'a' is 1048576")]
    [InlineData("vocab.json", "{ \"a\": 1e99 }", "'a' is 1e99")]
    [InlineData("vocab.json", "{ \"a\": \"1\" }", "'a' is \"1\"")]
    [InlineData("vocab.json", "{ \"a\": 1, \"b\": 1 }", "both have the id 1")]
    [InlineData("vocab.json", "{ \"\\ud800\": 1 }", "Unicode")]
    [InlineData("vocab.json", "", "vocab.json line 1: no valid JSON. Copy")]
    [InlineData("merges.txt", "", "0 merges leave")]
    [InlineData("merges.txt", "#version: 0.2\n", "0 merges leave")]
    [InlineData("merges.txt", "#version: 0.2\na b\n", "cut off")]
    [InlineData("merges.txt", "#version: 0.2\na b\nc\n", "merges.txt line 3")]
    [InlineData("merges.txt", "#version: 0.2\na b c\n", "merges.txt line 2")]
    [InlineData("merges.txt", "#version: 0.2\n b\n", "merges.txt line 2")]
    [InlineData("merges.txt", "#version: 0.2\na \n", "merges.txt line 2")]
    [InlineData("merges.txt", "#version: 0.2\na b\n\nc d\n", "merges.txt line 3")]
    [InlineData("tokenizer_config.json", "{", "tokenizer_config.json line 1: no valid JSON. Copy")]
    [InlineData("tokenizer_config.json", "{ \"add_bos_token\": 3 }", "add_bos_token")]
    [InlineData("tokenizer_config.json", "{ \"added_tokens_decoder\": { \"x\": {} } }", "'x'")]
    [InlineData("tokenizer_config.json", "{ \"added_tokens_decoder\": { \"-1\": {} } }", "'-1'")]
    [InlineData("tokenizer_config.json", "{ \"added_tokens_decoder\": { \"1\": {} } }", "content")]
    [InlineData("tokenizer_config.json", "{ \"added_tokens_decoder\": { \"1\": 7 } }", "object")]
    [InlineData("tokenizer_config.json", "{ \"added_tokens_decoder\": { \"1\": { \"content\": \"\" } } }", "empty")]
    [InlineData("special_tokens_map.json", "{ \"bos_token\": 4 }", "bos_token")]
    [InlineData("special_tokens_map.json", "{ \"bos_token\": \"nowhere\" }", "nowhere")]
    public void DamageIsNamed(string name, string content, string expected)
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        if (name == "special_tokens_map.json")
        {
            folder.Text("tokenizer_config.json", "{}");
        }

        folder.Text(name, content);
        var e = Assert.Throws<PerCoException>(() => Gpt2Tokenizer.Load(folder.Path));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains(folder.Path, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }

    [Theory]
    [InlineData("{}", "'model' is missing")]
    [InlineData("{ \"model\": { \"vocab\": {} } }", "'merges' is missing")]
    [InlineData("{ \"model\": { \"vocab\": {}, \"merges\": {} } }", "expected an array")]
    [InlineData("{ \"model\": { \"vocab\": {}, \"merges\": [\"a b\", \"c\"] } }", "merges[1]")]
    [InlineData("{ \"model\": { \"vocab\": {}, \"merges\": [[\"a\", 1]] } }", "merges[0]")]
    [InlineData("{ \"model\": { \"vocab\": {}, \"merges\": [[\"a\"]] } }", "merges[0]")]
    public void DamageInTokenizerJsonIsNamed(string content, string expected)
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        File.Delete(folder.File("vocab.json"));
        folder.Text("tokenizer.json", content);
        var e = Assert.Throws<PerCoException>(() => ClipTokenizer.Load(folder.Path));
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.Contains("tokenizer.json", e.Message, StringComparison.Ordinal);
    }

    // Each lost token would be read as the unknown one, and the text as another.
    [Theory]
    [InlineData(1)]
    [InlineData(1000)]
    public void AVocabularyThatIsCutOffIsRefused(int lost)
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        Dictionary<string, int> vocabulary =
            TokenizerFiles.ReadVocabulary(TokenizerFiles.ReadObject(folder.File("vocab.json")), "vocab.json");
        foreach (string token in vocabulary.OrderByDescending(entry => entry.Value).Take(lost).Select(e => e.Key))
        {
            vocabulary.Remove(token);
        }

        folder.Text("vocab.json", JsonSerializer.Serialize(vocabulary));
        string expected = $"lacks {lost} of the 1740 tokens";
        Assert.Contains(expected, Assert.Throws<PerCoException>(() => Gpt2Tokenizer.Load(folder.Path)).Message,
            StringComparison.Ordinal);
        Assert.Contains(expected, Assert.Throws<PerCoException>(() => ClipTokenizer.Load(folder.Path)).Message,
            StringComparison.Ordinal);
    }

    [Fact]
    public void MissingFilesAreNamed()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        File.Delete(folder.File("merges.txt"));
        var e = Assert.Throws<PerCoException>(() => ClipTokenizer.Load(folder.Path));
        Assert.Contains("expected vocab.json and merges.txt, or tokenizer.json", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void HugeFilesAreRefusedUnread()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        using (FileStream stream = File.OpenWrite(folder.File("merges.txt")))
        {
            stream.SetLength(TokenizerFiles.MaxBytes + 1L);
        }

        var e = Assert.Throws<PerCoException>(() => ClipTokenizer.Load(folder.Path));
        Assert.Contains("merges.txt", e.Message, StringComparison.Ordinal);
        Assert.Contains("at most 67108864", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void InvalidUtf8InMergesIsNamed()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        File.WriteAllBytes(folder.File("merges.txt"), [(byte)'a', 0xFF]);
        var e = Assert.Throws<PerCoException>(() => Gpt2Tokenizer.Load(folder.Path));
        Assert.Contains("merges.txt: not UTF-8 at byte", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void WindowsLineEndsAndByteOrderMarksAreRead()
    {
        using TemporaryFolder folder = TokenizerCopy.Of(Mini);
        Gpt2Tokenizer plain = Gpt2Tokenizer.Load(Mini);
        string merges = File.ReadAllText(folder.File("merges.txt"));
        folder.Text("merges.txt", "\uFEFF" + merges.ReplaceLineEndings("\r\n"));
        folder.Text("vocab.json", "\uFEFF" + File.ReadAllText(folder.File("vocab.json")));
        Assert.Equal(plain.Encode("a man runs"), Gpt2Tokenizer.Load(folder.Path).Encode("a man runs"));
    }
}
