using System.Text;

namespace PerCo.Engine.Codec.Captions;

/// <summary>
/// A caption as words and a style. Words are what stands between spaces; in the ordinary style punctuation is split
/// off the word that it follows ("street," is two words), in the spaced style, Flickr8k's, it stands alone ("street
/// ,"). Joining gives back exactly what was split.
/// </summary>
/// <param name="Spaced">Whether punctuation has a space before it.</param>
/// <param name="FullStop">Whether a full stop follows the last word; it is not among the words.</param>
/// <param name="Words">The words in order.</param>
internal sealed record CaptionText(bool Spaced, bool FullStop, IReadOnlyList<CaptionToken> Words)
{
    /// <summary>Splits a text in one of the two styles.</summary>
    public static CaptionText Split(string text, bool spaced, CaptionModel model)
    {
        string stop = StopOf(spaced);
        bool hasStop = text.EndsWith(stop, StringComparison.Ordinal);
        string body = hasStop ? text[..^stop.Length] : text;
        var words = new List<CaptionToken>();
        if (body.Length > 0)
        {
            foreach (string piece in body.Split(' '))
            {
                if (spaced)
                {
                    words.Add(MakeToken(piece, mayAttach: true, model));
                }
                else
                {
                    SplitPiece(piece, words, model);
                }
            }
        }

        return new CaptionText(spaced, hasStop, words);
    }

    /// <summary>The text.</summary>
    public string Join(CaptionModel model)
    {
        var text = new StringBuilder();
        for (int i = 0; i < Words.Count; i++)
        {
            CaptionToken word = Words[i];
            if (i > 0 && (Spaced || !model.IsAttached(word.Id)))
            {
                text.Append(' ');
            }

            text.Append(LetterCases.Apply(word.Text, word.Case));
        }

        return FullStop ? text.Append(StopOf(Spaced)).ToString() : text.ToString();
    }

    private static string StopOf(bool spaced) => spaced ? " ." : ".";

    private static void SplitPiece(string piece, List<CaptionToken> words, CaptionModel model)
    {
        // After the first word, one that attaches would lose the space that this piece has before it.
        bool isFirst = words.Count == 0;
        var attached = new Stack<int>();
        string core = piece;
        CaptionToken token = MakeToken(core, isFirst, model);
        while (token.Id == CaptionModel.Unknown && FindAttached(core, model) is int id and > 0)
        {
            attached.Push(id);
            core = core[..^model.Text(id).Length];
            token = MakeToken(core, isFirst, model);
        }

        words.Add(token);
        foreach (int id in attached)
        {
            words.Add(new CaptionToken(id, model.Text(id), LetterCase.Lower));
        }
    }

    // The longest word that attaches and that the piece ends with, and more than ends with.
    private static int FindAttached(string piece, CaptionModel model)
    {
        int best = 0;
        foreach (int id in model.Attached)
        {
            string text = model.Text(id);
            if (text.Length < piece.Length && piece.EndsWith(text, StringComparison.Ordinal)
                && (best == 0 || text.Length > model.Text(best).Length))
            {
                best = id;
            }
        }

        return best;
    }

    private static CaptionToken MakeToken(string piece, bool mayAttach, CaptionModel model)
    {
        LetterCase letterCase = LetterCases.Of(piece);
        string text = LetterCases.Remove(piece, letterCase);
        int id = letterCase == LetterCase.Mixed ? -1 : model.Find(text);
        bool isListed = id > 0 && (mayAttach || !model.IsAttached(id));
        return new CaptionToken(isListed ? id : CaptionModel.Unknown, text, letterCase);
    }
}
