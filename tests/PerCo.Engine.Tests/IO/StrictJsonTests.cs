using System.Text;
using System.Text.Json;
using PerCo.Engine.IO;
using Xunit;

namespace PerCo.Engine.Tests.IO;

public sealed class StrictJsonTests
{
    [Theory]
    [InlineData("""{"a":1,"b":{"a":2},"c":[{"a":3},{"a":4}],"A":5}""")]
    [InlineData("[]")]
    [InlineData("7")]
    public void Different_fields_are_read(string json)
    {
        using JsonDocument document = StrictJson.Parse(Encoding.UTF8.GetBytes(json));
        Assert.Equal(json, document.RootElement.GetRawText());
    }

    [Theory]
    [InlineData("""{"a":1,"a":1}""")]
    [InlineData("""{"a":1,"\u0061":1}""")]
    [InlineData("""{"b":{"c":{"a":1,"x":2,"a":3}}}""")]
    [InlineData("""[1,{"b":[[{"a":1,"a":2}]]}]""")]
    public void A_field_that_appears_twice_is_refused(string json)
    {
        JsonException error = Assert.Throws<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes(json)));
        Assert.Contains("'a' appears twice", error.Message, StringComparison.Ordinal);
        Assert.Null(error.LineNumber);
    }

    [Fact]
    public void Many_fields_are_compared_too()
    {
        string fields = string.Join(',', Enumerable.Range(0, 500).Select(i => $"\"f{i}\":{i}"));
        StrictJson.Parse(Encoding.UTF8.GetBytes($"{{{fields}}}")).Dispose();
        Assert.Throws<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes($"{{{fields},\"f77\":0}}")));
    }

    [Theory]
    [InlineData("{")]
    [InlineData("{a:1}")]
    public void What_is_no_JSON_has_its_line(string json) => Assert.NotNull(
        Assert.ThrowsAny<JsonException>(() => StrictJson.Parse(Encoding.UTF8.GetBytes(json))).LineNumber);
}
