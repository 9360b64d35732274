using System.Text.Json;

namespace PerCo.Engine.Tests.Tokenizers;

/// <summary>Texts with their ids, and folders for tests that damage files.</summary>
internal static class TokenizerCases
{
    /// <summary>The cases of a file that tests/goldens/tokenizers/make.py wrote.</summary>
    public static IEnumerable<(string Text, int[] Ids)> Read(string path)
    {
        using JsonDocument document = JsonDocument.Parse(File.ReadAllBytes(path));
        foreach (JsonElement entry in document.RootElement.EnumerateArray())
        {
            int[] ids = [.. entry.GetProperty("ids").EnumerateArray().Select(e => e.GetInt32())];
            yield return (entry.GetProperty("text").GetString()!, ids);
        }
    }

    /// <summary>A text of random code points, without lone surrogates.</summary>
    public static string RandomText(Random random, int length)
    {
        int[] tops = [0x7F, 0x100, 0x800, 0x10000, 0x110000];
        var text = new System.Text.StringBuilder();
        for (int i = 0; i < length; i++)
        {
            int c = random.Next(tops[random.Next(tops.Length)]);
            text.Append(System.Text.Rune.IsValid(c) ? new System.Text.Rune(c).ToString() : " ");
        }

        return text.ToString();
    }
}
