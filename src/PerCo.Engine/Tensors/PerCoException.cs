namespace PerCo.Engine;

/// <summary>
/// Bad input or an unusable environment: a damaged file, a missing weight, a picture that is too large, a stage that
/// produced NaN. The message is one line that says what, where, expected, got and what to do next, and is fit to be
/// shown to a user as it is; <see cref="Remedies"/> are the settings that it speaks of. Mistakes of the calling code
/// are <see cref="ArgumentException"/>s instead.
/// </summary>
public class PerCoException : Exception
{
    /// <summary>Messages quote names from files, which may be of any length and hold anything.</summary>
    private const int MaxLength = 1000;

    /// <summary>Creates an error without a message; prefer one that explains itself.</summary>
    public PerCoException()
    {
    }

    /// <summary>Creates an error with a message for the user.</summary>
    /// <param name="message">One line: what, where, expected, got, what to do next.</param>
    public PerCoException(string message)
        : base(OneLine(message))
    {
    }

    /// <summary>Creates an error with a message for the user and the error that led to it.</summary>
    /// <param name="message">One line: what, where, expected, got, what to do next.</param>
    /// <param name="innerException">The cause, for who looks into it; its remedies are this error's too.</param>
    public PerCoException(string message, Exception innerException)
        : base(OneLine(message), innerException)
    {
    }

    /// <summary>Settings that can help, those to try first in front; those of the cause unless set.</summary>
    public IReadOnlyList<Remedy> Remedies
    {
        get => field ?? (InnerException as PerCoException)?.Remedies ?? [];
        init;
    }

    private static string OneLine(string message)
    {
        string line = message.ReplaceLineEndings(" ");
        return line.Length <= MaxLength ? line : string.Concat(line.AsSpan(0, MaxLength), "…");
    }
}
