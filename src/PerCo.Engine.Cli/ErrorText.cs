namespace PerCo.Engine.Cli;

/// <summary>Errors as one line for people.</summary>
internal static class ErrorText
{
    public static string Of(Exception e) => (e switch
    {
        PerCoException error => error.Message + RemedyOptions.Advice(error.Remedies),
        UsageException => e.Message,
        OutOfMemoryException => "Out of memory. Try a smaller picture.",
        _ => $"Unexpected error: {e.Message} ({e.GetType().Name}). Run again with --verbose and report it.",
    }).ReplaceLineEndings(" ");

    /// <summary>A message with the name of the file that it is about, unless it begins with it.</summary>
    public static string About(string path, string message) => Names(message, path) ? message : $"{path}: {message}";

    /// <summary>Whether a message begins with the name of a file.</summary>
    public static bool Names(string message, string path) => message.StartsWith($"{path}:", StringComparison.Ordinal);
}
