namespace PerCo.Engine.Cli;

/// <summary>Errors as one line for people.</summary>
internal static class ErrorText
{
    public static string Of(Exception e) => (e switch
    {
        PerCoException or UsageException => e.Message,
        OutOfMemoryException => "Out of memory. Try a smaller picture.",
        _ => $"Unexpected error: {e.Message} ({e.GetType().Name}). Run again with --verbose and report it.",
    }).ReplaceLineEndings(" ");
}
