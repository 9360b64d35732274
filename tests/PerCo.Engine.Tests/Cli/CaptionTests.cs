using System.Text.Json;
using PerCo.Engine.Cli.Files;
using PerCo.Engine.Cli.Verbs;
using PerCo.Engine.Codec;
using Xunit;

namespace PerCo.Engine.Tests.Cli;

/// <summary>Words of one's own, from the command line and from files.</summary>
public sealed class CaptionTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    [Fact]
    public void The_demo_takes_a_caption_file_too()
    {
        _folder.Picture("a.png", 32, 32);
        File.WriteAllText(_folder.File("own.txt"), "my own words\n");
        var demo = CliProcess.Run(
            "demo", _folder.File("a.png"), "-o", _folder.File("out"), "--caption-file", _folder.File("own.txt"),
            "--ablation", "autoencoder", "--json");
        Assert.True(demo.ExitCode == 0, demo.Error);
        using JsonDocument json = JsonDocument.Parse(demo.Output);
        Assert.Equal("my own words", json.RootElement.GetProperty("caption").GetString());

        var missing = CliProcess.Run(
            "demo", _folder.File("a.png"), "-o", _folder.File("out2"), "--caption-file", _folder.File("none.txt"));
        Assert.Equal(1, missing.ExitCode);
        Assert.Contains("none.txt", missing.Error, StringComparison.Ordinal);
        Assert.False(Directory.Exists(_folder.File("out2")));
    }

    [Theory]
    [InlineData("")]
    [InlineData("a.png\t")]
    public void An_empty_caption_without_codes_leaves_nothing_to_store(string captions)
    {
        _folder.Picture("a.png", 32, 32);
        File.WriteAllText(_folder.File("own.txt"), captions);
        var encode = CliProcess.Run(
            "encode", _folder.File("a.png"), "--no-codes", "--caption-file", _folder.File("own.txt"));
        Assert.Equal(1, encode.ExitCode);
        Assert.Contains("a.png: has an empty caption, and without codes", encode.Error, StringComparison.Ordinal);
        Assert.False(File.Exists(_folder.File("a.perco")));
    }

    // The path as it was named, the place below a folder with either slash, and the name alone for all that are left.
    [Fact]
    public void A_table_names_pictures_by_path_by_place_and_by_name()
    {
        string table = _folder.File("table.tsv"), path = Path.Combine("in", "b.png");
        File.WriteAllText(table, "a.png\tby name\r\nin/b.png\tby path\r\nsub\\c.png\tby place\r\n");
        CaptionFile captions = CaptionFile.Load(table);
        Assert.Equal("by name", captions.For(new InputFile(Path.Combine("in", "a.png"), "a.png")));
        Assert.Equal("by path", captions.For(new InputFile(path, "b.png")));
        Assert.Equal("by place", captions.For(new InputFile("c.png", Path.Combine("sub", "c.png"))));
        Assert.Null(captions.For(new InputFile("b.png", "b.png")));
    }

    [Fact]
    public void A_line_of_a_table_that_is_no_entry_is_named()
    {
        _folder.Picture("a.png", 32, 32);
        File.WriteAllText(_folder.File("table.tsv"), "a.png\tA meadow\n\nb.png without a tab\n");
        var encode = CliProcess.Run(
            "encode", _folder.File("a.png"), "--no-codes", "--caption-file", _folder.File("table.tsv"));
        Assert.Equal(1, encode.ExitCode);
        Assert.Contains("table.tsv: line 3 ", encode.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void Captions_from_standard_input_are_named_so()
    {
        _folder.Picture("a.png", 32, 32);
        var encode = CliProcess.Pipe([0xC3, 0x28], "encode", _folder.File("a.png"), "--caption-file", "-");
        Assert.Equal(1, encode.ExitCode);
        Assert.Contains("standard input: is no UTF-8 text", encode.Error, StringComparison.Ordinal);
    }

    [Fact]
    public void An_empty_value_is_an_empty_caption()
    {
        _folder.Picture("a.png", 32, 32);
        var encode = CliProcess.Run("encode", _folder.File("a.png"), "--caption=", "--seed", "5");
        Assert.True(encode.ExitCode == 0, encode.Error);
        PerCoFile file = PerCoFile.Load(_folder.File("a.perco"));
        Assert.Equal(("", 5UL), (file.Caption, file.Seed));
    }

    public void Dispose() => _folder.Dispose();
}
