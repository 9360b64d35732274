using System.Globalization;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Codec;

/// <summary>
/// What the file of a decoded picture says about it, for people and for runs that go on: that it is a reconstruction,
/// and how to repeat it.
/// </summary>
internal static class ReconstructionNotes
{
    private const string CodesGuidance = "guidance on the codes ";
    private const string Scheduler = "scheduler ";

    private static readonly ImageText Software = new("Software", "PerCo.Engine");

    /// <summary>The notes of a picture.</summary>
    public static IReadOnlyList<ImageText> Of(string model, DecodeResult drawn)
    {
        string[] settings =
        [
            Seed(drawn.Seed), Steps(drawn.Steps), Guidance(drawn.Guidance),
            .. drawn.CodesGuidance == 1 ? (string[])[] : [CodesGuidance + Number(drawn.CodesGuidance)],
            .. drawn.Scheduler is null ? (string[])[] : [Scheduler + drawn.Scheduler],
        ];
        return
        [
            Software,
            new ImageText(
                "Comment",
                "Reconstructed by a generative codec (PerCo): details, text and faces may differ from the original. "
                + $"Model {model}, {string.Join(", ", settings)}."),
        ];
    }

    /// <summary>Whether a picture was decoded here.</summary>
    public static bool AreIn(IReadOnlyList<ImageText> notes) => notes.Contains(Software);

    /// <summary>What a picture that was decoded here was not drawn with, or null where all is as asked.</summary>
    /// <param name="notes">The notes in its file.</param>
    /// <param name="seed">The seed that is asked for.</param>
    /// <param name="steps">Steps; null for any.</param>
    /// <param name="guidance">Guidance scale; null for any.</param>
    /// <param name="options">Guidance on the codes and scheduler are asked for always: by default, or by name.</param>
    public static string? Missing(
        IReadOnlyList<ImageText> notes, ulong seed, int? steps, double? guidance, DecodeOptions options)
    {
        string comment = notes.FirstOrDefault(note => note.Keyword == "Comment")?.Text ?? "";
        string[] parts = comment.TrimEnd('.').Split(", ");
        string?[] asked =
        [
            Seed(seed), steps is { } count ? Steps(count) : null, guidance is { } scale ? Guidance(scale) : null,
        ];
        return asked.FirstOrDefault(words => words is not null && !parts.Contains(words))
            ?? Other(CodesGuidance, options.CodesGuidance == 1 ? null : Number(options.CodesGuidance))
            ?? Other(Scheduler, options.Scheduler?.ToLowerInvariant());

        // What is not the default stands in the notes, and the default does not.
        string? Other(string name, string? value)
        {
            string? drawn = parts.FirstOrDefault(part => part.StartsWith(name, StringComparison.Ordinal));
            return drawn == (value is null ? null : name + value) ? null : name + (value ?? "by default");
        }
    }

    /// <summary>"1 step", "2 steps".</summary>
    public static string Steps(int steps) => steps == 1 ? "1 step" : $"{steps} steps";

    private static string Seed(ulong seed) => $"seed {seed}";

    private static string Guidance(double guidance) => "guidance " + Number(guidance);

    private static string Number(double value) => value.ToString("0.##", CultureInfo.InvariantCulture);
}
