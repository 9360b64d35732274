namespace PerCo.Engine.Codec.Captions;

/// <summary>One word of a caption as it is coded.</summary>
/// <param name="Id">The word in the model's list, or <see cref="CaptionModel.Unknown"/> where it is spelled.</param>
/// <param name="Text">The word with its case removed: see <see cref="LetterCases.Remove"/>.</param>
/// <param name="Case">The case that was removed.</param>
internal readonly record struct CaptionToken(int Id, string Text, LetterCase Case);
