namespace PerCo.Engine.Tokenizers;

/// <summary>A token cut out of the text before any other rule applies: <c>&lt;|endoftext|&gt;</c>.</summary>
/// <param name="Content">The text that it stands for; never empty.</param>
/// <param name="Id">Its id, which wins over the vocabulary's.</param>
/// <param name="StripLeft">Whether white space before it belongs to it.</param>
/// <param name="StripRight">Whether white space after it belongs to it.</param>
/// <param name="SingleWord">Whether it counts only between spaces.</param>
/// <param name="Special">Whether decoding may leave it out.</param>
internal sealed record AddedToken(
    string Content, int Id, bool StripLeft, bool StripRight, bool SingleWord, bool Special);
