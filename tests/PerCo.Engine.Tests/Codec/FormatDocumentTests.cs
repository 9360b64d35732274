using System.Text.RegularExpressions;
using PerCo.Engine.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>The worked example of docs/FORMAT.md, byte by byte.</summary>
public partial class FormatDocumentTests
{
    private static readonly PerCoFile Example = new()
    {
        ModelIdentity = 0x04030201,
        Width = 300,
        Height = 20,
        Grid = new CodeGrid(64, 1024),
        Indices = [0, 1, 512, 1023, 5],
        Caption = "a red barn",
        Seed = 7,
    };

    [Fact]
    public void The_worked_example_is_a_file()
    {
        string document = File.ReadAllText(Path.Combine(TestPaths.Root, "docs", "FORMAT.md"));
        string section = document[document.IndexOf("## A worked example", StringComparison.Ordinal)..];
        (int At, byte[] Bytes)[] rows = [.. Row().Matches(section).Select(row =>
            (int.Parse(row.Groups[1].Value), Convert.FromHexString(row.Groups[2].Value.Replace(" ", ""))))];
        byte[] bytes = [.. rows.SelectMany(row => row.Bytes)], expected = Example.ToBytes();
        Assert.True(
            expected.AsSpan().SequenceEqual(bytes),
            $"The document has {Convert.ToHexString(bytes)}, expected {Convert.ToHexString(expected)}.");
        Assert.Equal(rows.Select((_, i) => rows.Take(i).Sum(row => row.Bytes.Length)), rows.Select(row => row.At));
        PerCoFile read = PerCoFile.Parse(bytes);
        Assert.Equal(Example.Indices, read.Indices);
        Assert.Equal(Example with { Indices = read.Indices }, read);
    }

    [GeneratedRegex(@"^\| (\d+) \| `([0-9A-F ]+)` \|", RegexOptions.Multiline)]
    private static partial Regex Row();
}
