namespace PerCo.Engine.Imaging;

/// <summary>A note kept inside a picture file, such as where the picture comes from.</summary>
/// <param name="Keyword">What kind of note: 1 to 79 printable Latin-1 characters. PNG registers Title, Author,
/// Description, Copyright, Software, Source, Comment and others.</param>
/// <param name="Text">The note, any Unicode text without NUL.</param>
public sealed record ImageText(string Keyword, string Text);
