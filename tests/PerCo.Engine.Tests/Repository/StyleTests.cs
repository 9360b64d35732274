using Xunit;

namespace PerCo.Engine.Tests.Repository;

/// <summary>Size and style that no analyser checks.</summary>
public class StyleTests
{
    private const int MaxColumns = 120;
    private const int MaxLines = 500;

    /// <summary>Files that may be longer, each with its reason.</summary>
    private static readonly Dictionary<string, string> LongFiles = [];

    [Fact]
    public void Lines_have_at_most_120_characters()
    {
        var wide = new List<string>();
        foreach (string path in SourceFiles.All(".cs", ".cl", ".h", ".py", ".sh"))
        {
            string[] lines = SourceFiles.Lines(path);
            for (int i = 0; i < lines.Length; i++)
            {
                if (lines[i].Length > MaxColumns)
                {
                    wide.Add($"{path}:{i + 1} has {lines[i].Length}");
                }
            }
        }

        Assert.True(wide.Count == 0, string.Join(Environment.NewLine, wide));
    }

    [Fact]
    public void Files_have_at_most_500_lines()
    {
        List<string> long_ = [.. SourceFiles.All(".cs", ".cl", ".h", ".py", ".sh")
            .Where(path => !LongFiles.ContainsKey(path))
            .Select(path => (path, SourceFiles.Lines(path).Length))
            .Where(file => file.Length > MaxLines)
            .Select(file => $"{file.path} has {file.Length}")];
        Assert.True(long_.Count == 0, string.Join(Environment.NewLine, long_));
    }

    [Fact]
    public void Nothing_is_left_over()
    {
        string[] markers = ["TO" + "DO", "FIX" + "ME", "NotImplemented" + "Exception"];
        List<string> left = [.. SourceFiles.All(".cs", ".cl", ".h", ".py", ".sh")
            .SelectMany(path => SourceFiles.Lines(path).Select((line, i) => (path, line, number: i + 1)))
            .Where(l => markers.Any(marker => l.line.Contains(marker, StringComparison.Ordinal)))
            .Select(l => $"{l.path}:{l.number}: {l.line.Trim()}")];
        Assert.True(left.Count == 0, string.Join(Environment.NewLine, left));
    }
}
