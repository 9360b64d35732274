using System.Globalization;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Codec;

/// <summary>
/// What the file of a decoded picture says about it, for people and for runs that go on: that it is a reconstruction,
/// and how to repeat it.
/// </summary>
internal static class ReconstructionNotes
{
    private static readonly ImageText Software = new("Software", "PerCo.Engine");

    /// <summary>The notes of a picture.</summary>
    public static IReadOnlyList<ImageText> Of(string model, ulong seed, int steps, double guidance) =>
    [
        Software,
        new ImageText(
            "Comment",
            "Reconstructed by a generative codec (PerCo): details, text and faces may differ from the original. "
            + $"Model {model}, {Seed(seed)}, {Steps(steps)}, {Guidance(guidance)}."),
    ];

    /// <summary>Whether a picture was decoded here.</summary>
    public static bool AreIn(IReadOnlyList<ImageText> notes) => notes.Contains(Software);

    /// <summary>What a picture that was decoded here was not drawn with, or null where all is as asked.</summary>
    /// <param name="notes">The notes in its file.</param>
    /// <param name="seed">The seed that is asked for.</param>
    /// <param name="steps">Steps; null for any.</param>
    /// <param name="guidance">Guidance scale; null for any.</param>
    public static string? Missing(IReadOnlyList<ImageText> notes, ulong seed, int? steps, double? guidance)
    {
        string comment = notes.FirstOrDefault(note => note.Keyword == "Comment")?.Text ?? "";
        string[] parts = comment.TrimEnd('.').Split(", ");
        string?[] asked =
        [
            Seed(seed), steps is { } count ? Steps(count) : null, guidance is { } scale ? Guidance(scale) : null,
        ];
        return asked.FirstOrDefault(words => words is not null && !parts.Contains(words));
    }

    private static string Seed(ulong seed) => $"seed {seed}";

    private static string Steps(int steps) => $"{steps} steps";

    private static string Guidance(double guidance) =>
        "guidance " + guidance.ToString("0.##", CultureInfo.InvariantCulture);
}
