using System.Globalization;
using System.Text;
using Spectre.Console;

namespace PerCo.Engine.Cli.Terminal;

/// <summary>Everything that people read goes to standard error; standard output is for data.</summary>
internal sealed class Messages(bool quiet, bool verbose)
{
    private IAnsiConsole? _live;

    public bool Quiet { get; } = quiet;

    public bool Verbose { get; } = verbose;

    /// <summary>The terminal while progress bars are shown on it: lines must pass through it to stand above.</summary>
    public void SetLive(IAnsiConsole? console) => Volatile.Write(ref _live, console);

    /// <summary>What went wrong, on one line.</summary>
    public void Error(string message) => Write($"percoengine: {message}");

    /// <summary>What was done.</summary>
    public void Note(string message)
    {
        if (!Quiet)
        {
            Write(message);
        }
    }

    /// <summary>What only those want to know who ask for it; may have several lines, such as a stack trace.</summary>
    public void Detail(string message)
    {
        if (Verbose)
        {
            foreach (string line in message.ReplaceLineEndings("\n").Split('\n'))
            {
                Write(line);
            }
        }
    }

    /// <summary>
    /// Text from files on one line: control characters, with which a caption could take over a terminal, and invisible
    /// ones, with which it could show its words in another order, are shown as escapes.
    /// </summary>
    public static string Printable(string text)
    {
        if (!text.Any(IsHidden))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length + 16);
        foreach (char c in text)
        {
            if (IsHidden(c))
            {
                printable.Append($"\\u{(int)c:x4}");
            }
            else
            {
                printable.Append(c);
            }
        }

        return printable.ToString();
    }

    // Joiners are part of emoji and of Persian words.
    private static bool IsHidden(char c) => c is not ('\u200C' or '\u200D')
        && char.GetUnicodeCategory(c) is UnicodeCategory.Control or UnicodeCategory.Format
            or UnicodeCategory.LineSeparator or UnicodeCategory.ParagraphSeparator;

    private void Write(string message)
    {
        string line = Printable(message);
        try
        {
            if (Volatile.Read(ref _live) is { } live)
            {
                live.Write(new LineAbove(line));
            }
            else
            {
                Console.Error.WriteLine(line);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // Nobody can be told; the work goes on.
        }
    }
}
