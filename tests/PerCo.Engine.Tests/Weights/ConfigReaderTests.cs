using System.Text;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Weights;

public sealed class ConfigReaderTests
{
    private static readonly int[] Fallback = [7, 8];

    [Fact]
    public void ReadsEveryKindOfField()
    {
        ConfigReader c = Parse("""
            {"i": 5, "list": [1, 2], "d": 1e-5, "b": true, "s": "a \"NaN\" b", "names": ["x", "y"],
             "sub": {"n": 3}, "subs": [{"n": 1}, {"n": 2}], "inf": -Infinity, "none": null, "ds": [0.5, 2]}
            """);
        Assert.Equal(5, c.Int("i", 0));
        Assert.Equal([1, 2], c.Ints("list", []));
        Assert.Equal(1e-5, c.Double("d", 0));
        Assert.Equal(1e-5f, c.Float("d", 0));
        Assert.True(c.Bool("b", false));
        Assert.Equal("a \"NaN\" b", c.String("s", ""));
        Assert.Equal(["x", "y"], c.Strings("names", []));
        Assert.Equal(3, c.Section("sub").Int("n", 0));
        Assert.Equal([1, 2], c.Sections("subs").Select(s => s.Int("n", 0)));
        Assert.Equal(double.NegativeInfinity, c.Double("inf", 0, double.NegativeInfinity));
        Assert.Equal([0.5, 2], c.Doubles("ds", []));
        Assert.True(c.Has("i"));
        Assert.False(c.Has("none"));
        Assert.Equal(["i", "list", "d", "b"], c.Names.Take(4));
    }

    [Fact]
    public void MissingAndNullFieldsTakeTheDefault()
    {
        ConfigReader c = Parse("""{"none": null}""");
        foreach (string name in new[] { "none", "absent" })
        {
            Assert.Equal(5, c.Int(name, 5));
            Assert.Same(Fallback, c.Ints(name, Fallback));
            Assert.Equal(0.5, c.Double(name, 0.5));
            Assert.True(c.Bool(name, true));
            Assert.Equal("x", c.String(name, "x"));
            Assert.Equal("x", c.OneOf(name, "x", "x", "y"));
            Assert.Equal(9, c.Section(name).Section("deeper").Int("n", 9));
            Assert.Empty(c.Section(name).Names);
            Assert.Empty(c.Sections(name));
        }
    }

    [Fact]
    public void ASingleNumberStandsForAList() =>
        Assert.Equal([8, 8, 8], Parse("""{"heads": 8}""").Ints("heads", [], count: 3));

    [Fact]
    public void ReadsListsOfMixedTypes()
    {
        ConfigReader list = Parse("""{"input": ["x", [1, 2], 0.5, null]}""").Items("input");
        Assert.Equal(["0", "1", "2", "3"], list.Names);
        Assert.Equal("x", list.String("0", ""));
        Assert.Equal([1, 2], list.Ints("1", []));
        Assert.Equal(0.5f, list.Float("2", 0));
        Assert.Equal(7, list.Int("3", 7));
        Assert.Equal(7, list.Int("4", 7));
        Assert.Equal(7, list.Int("-1", 7));
        Assert.Empty(Parse("{}").Items("input").Names);
        Explains("field 'f.1' is \"x\"", """{"f": [1, "x"]}""", c => c.Items("f").Int("1", 0));
        Explains("field 'f' is 1, expected a list", """{"f": 1}""", c => c.Items("f"));
    }

    [Theory]
    [InlineData("""{"f": "5"}""", "field 'f' is \"5\", expected an integer from 1 to 10")]
    [InlineData("""{"f": 0}""", "field 'f' is 0, expected an integer from 1 to 10")]
    [InlineData("""{"f": 11}""", "field 'f' is 11, expected an integer from 1 to 10")]
    [InlineData("""{"f": 1.5}""", "field 'f' is 1.5, expected an integer")]
    [InlineData("""{"f": 99999999999999}""", "field 'f' is 99999999999999, expected an integer")]
    public void WrongIntegersAreExplained(string json, string expected) =>
        Explains(expected, json, c => c.Int("f", 1, 1, 10));

    [Theory]
    [InlineData("""{"f": "x"}""", "expected a list")]
    [InlineData("""{"f": [1, 2]}""", "has 2 entries, expected 3")]
    [InlineData("""{"f": [1, 2, "x"]}""", "field 'f[2]' is \"x\"")]
    [InlineData("""{"f": [1, 2, -3]}""", "field 'f[2]' is -3")]
    public void WrongListsAreExplained(string json, string expected) =>
        Explains(expected, json, c => c.Ints("f", [], count: 3));

    [Fact]
    public void OtherWrongTypesAreExplained()
    {
        Explains("field 'f' is 1, expected true or false", """{"f": 1}""", c => c.Bool("f", true));
        Explains("field 'f' is 1, expected a text", """{"f": 1}""", c => c.String("f", ""));
        Explains("field 'f' is \"\\ud800\", expected valid Unicode", """{"f": "\ud800"}""", c => c.String("f", ""));
        Explains("field 'f' is 'c', expected one of a, b", """{"f": "c"}""", c => c.OneOf("f", "a", "a", "b"));
        Explains("field 'f' is 'c', expected a.", """{"f": "c"}""", c => c.OneOf("f", "a", "a"));
        Explains("field 'f' is [], expected an object", """{"f": []}""", c => c.Section("f"));
        Explains("field 'f[0]' is 3, expected an object", """{"f": [3]}""", c => c.Sections("f"));
        Explains(
            "field 'a.b.c' is \"x\"",
            """{"a": {"b": {"c": "x"}}}""",
            c => c.Section("a").Section("b").Int("c", 0));
        Explains("field 'f[0].c' is \"x\"", """{"f": [{"c": "x"}]}""", c => c.Sections("f")[0].Int("c", 0));
        Explains("field 'f' is \"NaN\", expected a number", """{"f": NaN}""", c => c.Double("f", 0));
        Explains("field 'f' is \"Infinity\", expected a number", """{"f": Infinity}""", c => c.Float("f", 0));
        Explains("field 'f' is 1e400", """{"f": 1e400}""", c => c.Double("f", 0));
    }

    [Theory]
    [InlineData("", "no valid JSON")]
    [InlineData("[1]", "the file holds [1], expected an object")]
    [InlineData("{\"a\": 1,}", "no valid JSON at line 1")]
    [InlineData("{\"a\": 1, \"a\": 2}", "no valid JSON")]
    [InlineData("{\n\"a\": InfinityNaN}", "no valid JSON at line 2")]
    public void BrokenFilesAreExplained(string json, string expected) => Explains(expected, json, c => c.Has("a"));

    [Fact]
    public void AMissingFileIsAnError()
    {
        string path = Path.Combine(Path.GetTempPath(), "no-such-folder", "config.json");
        PerCoException e = Assert.Throws<PerCoException>(() => ConfigReader.Load(path));
        Assert.StartsWith(path, e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void LoadsFilesWithAByteOrderMark()
    {
        using var folder = new TemporaryFolder();
        string path = folder.Bytes("c.json", [0xEF, 0xBB, 0xBF, .. "{\"a\": 4}"u8]);
        Assert.Equal(4, ConfigReader.Load(path).Int("a", 0));
    }

    private static ConfigReader Parse(string json) => ConfigReader.Parse("c.json", Encoding.UTF8.GetBytes(json));

    private static void Explains(string expected, string json, Func<ConfigReader, object> read)
    {
        PerCoException e = Assert.Throws<PerCoException>(() => read(Parse(json)));
        Assert.StartsWith("c.json: ", e.Message, StringComparison.Ordinal);
        Assert.Contains(expected, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
    }
}
