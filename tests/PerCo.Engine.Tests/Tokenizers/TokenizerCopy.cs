using System.Text.Json;

namespace PerCo.Engine.Tests.Tokenizers;

/// <summary>A tokenizer's files for a test to change.</summary>
internal static class TokenizerCopy
{
    /// <summary>A copy of a tokenizer folder's small files.</summary>
    public static TemporaryFolder Of(string source)
    {
        var folder = new TemporaryFolder();
        string[] names = ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"];
        foreach (string name in names)
        {
            File.Copy(Path.Combine(source, name), folder.File(name));
        }

        return folder;
    }

    /// <summary>
    /// Puts vocabulary, merges and added tokens into a tokenizer.json, and deletes the files it replaces.
    /// </summary>
    public static void Combine(this TemporaryFolder folder, bool mergesAsPairs, string addedTokens)
    {
        string[] merges = [.. File.ReadLines(folder.File("merges.txt")).Skip(1)];
        IEnumerable<string> written = merges.Select(
            m => mergesAsPairs ? string.Join(',', m.Split(' ').Select(Quote)) : Quote(m));
        string list = string.Join(",", mergesAsPairs ? written.Select(m => $"[{m}]") : written);
        string vocabulary = File.ReadAllText(folder.File("vocab.json"));
        folder.Text(
            "tokenizer.json",
            $$"""
            { "version": "1.0", "added_tokens": {{addedTokens}},
              "model": { "type": "BPE", "vocab": {{vocabulary}}, "merges": [{{list}}] } }
            """);
        File.Delete(folder.File("vocab.json"));
        File.Delete(folder.File("merges.txt"));

        static string Quote(string text) => JsonSerializer.Serialize(text);
    }
}
