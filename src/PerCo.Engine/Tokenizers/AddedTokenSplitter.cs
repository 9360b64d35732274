namespace PerCo.Engine.Tokenizers;

/// <summary>
/// Cuts added tokens out of a text, leftmost first and the longest where several start at one place, as the trie of
/// transformers' slow tokenizers does (tokenization_utils.py).
/// </summary>
internal sealed class AddedTokenSplitter
{
    private readonly Dictionary<char, AddedToken[]> _byFirst;

    public AddedTokenSplitter(IEnumerable<AddedToken> tokens)
    {
        _byFirst = tokens.GroupBy(t => t.Content[0])
            .ToDictionary(g => g.Key, g => g.OrderByDescending(t => t.Content.Length).ToArray());
    }

    /// <summary>One stretch of a text: an added token, or plain text where <c>Token</c> is null.</summary>
    public readonly record struct Part(string Text, AddedToken? Token);

    /// <summary>The stretches of <paramref name="text"/> in order, without empty ones.</summary>
    public List<Part> Split(string text)
    {
        var parts = new List<Part>();
        int start = 0;
        int i = 0;
        while (i < text.Length)
        {
            AddedToken? token = Match(text, i);
            if (token is null)
            {
                i++;
                continue;
            }

            if (i > start)
            {
                parts.Add(new Part(text[start..i], null));
            }

            parts.Add(new Part(token.Content, token));
            i += token.Content.Length;
            start = i;
        }

        if (start < text.Length)
        {
            parts.Add(new Part(text[start..], null));
        }

        ApplyWhiteSpaceRules(parts);
        parts.RemoveAll(p => p.Text.Length == 0);
        return parts;
    }

    private AddedToken? Match(string text, int at)
    {
        if (_byFirst.TryGetValue(text[at], out AddedToken[]? candidates))
        {
            foreach (AddedToken token in candidates)
            {
                if (string.CompareOrdinal(text, at, token.Content, 0, token.Content.Length) == 0)
                {
                    return token;
                }
            }
        }

        return null;
    }

    private static void ApplyWhiteSpaceRules(List<Part> parts)
    {
        for (int i = 0; i < parts.Count; i++)
        {
            if (parts[i].Token is not AddedToken token)
            {
                continue;
            }

            bool hasLeft = i > 0 && parts[i - 1].Token is null;
            bool hasRight = i + 1 < parts.Count && parts[i + 1].Token is null;
            if (token.StripRight && hasRight)
            {
                parts[i + 1] = new Part(parts[i + 1].Text.TrimStart(), null);
            }

            if (token.StripLeft && hasLeft)
            {
                parts[i - 1] = new Part(parts[i - 1].Text.TrimEnd(), null);
            }

            // A single-word token that touches a word becomes a piece of that word.
            if (token.SingleWord && hasLeft && parts[i - 1].Text is { Length: > 0 } left && left[^1] != ' ')
            {
                parts[i - 1] = new Part(left + token.Content, null);
                parts[i] = default(Part) with { Text = string.Empty };
            }
            else if (token.SingleWord && hasRight && parts[i + 1].Text is { Length: > 0 } right && right[0] != ' ')
            {
                parts[i + 1] = new Part(token.Content + right, null);
                parts[i] = default(Part) with { Text = string.Empty };
            }
        }
    }
}
