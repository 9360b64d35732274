namespace PerCo.Engine.Tests.Tokenizers;

/// <summary>A temporary copy of a tokenizer folder's small files, deleted on disposal.</summary>
internal sealed class TokenizerScratchFolder : IDisposable
{
    public TokenizerScratchFolder(string source)
    {
        Path = Directory.CreateTempSubdirectory("perco-tokenizer-").FullName;
        string[] names = ["vocab.json", "merges.txt", "tokenizer_config.json", "special_tokens_map.json"];
        foreach (string name in names)
        {
            System.IO.File.Copy(System.IO.Path.Combine(source, name), File(name));
        }
    }

    public string Path { get; }

    public string File(string name) => System.IO.Path.Combine(Path, name);

    public void Write(string name, string content) => System.IO.File.WriteAllText(File(name), content);

    public void Delete(string name) => System.IO.File.Delete(File(name));

    /// <summary>Puts vocabulary, merges and added tokens into a tokenizer.json, and deletes the files it replaces.
    /// </summary>
    public void Combine(bool mergesAsPairs, string addedTokens)
    {
        string[] merges = [.. System.IO.File.ReadLines(File("merges.txt")).Skip(1)];
        IEnumerable<string> written = merges.Select(
            m => mergesAsPairs ? string.Join(',', m.Split(' ').Select(Quote)) : Quote(m));
        string list = string.Join(",", mergesAsPairs ? written.Select(m => $"[{m}]") : written);
        string vocabulary = System.IO.File.ReadAllText(File("vocab.json"));
        Write(
            "tokenizer.json",
            $$"""
            { "version": "1.0", "added_tokens": {{addedTokens}},
              "model": { "type": "BPE", "vocab": {{vocabulary}}, "merges": [{{list}}] } }
            """);
        Delete("vocab.json");
        Delete("merges.txt");

        static string Quote(string text) => System.Text.Json.JsonSerializer.Serialize(text);
    }

    public void Dispose() => Directory.Delete(Path, recursive: true);
}
