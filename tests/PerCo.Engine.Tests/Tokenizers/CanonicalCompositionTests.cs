using PerCo.Engine.Tokenizers;
using Xunit;

namespace PerCo.Engine.Tests.Tokenizers;

public class CanonicalCompositionTests
{
    // From NormalizationTest.txt's kinds: pairs, ordering, blocking, exclusions, singletons, Hangul.
    [Theory]
    [InlineData("", "")]
    [InlineData("e\u0301", "\u00E9")]
    [InlineData("e\u0323\u0301", "\u1EB9\u0301")]
    [InlineData("e\u0301\u0323", "\u1EB9\u0301")]
    [InlineData("a\u0302\u0301", "\u1EA5")]
    [InlineData("e\u0301\u0301", "\u00E9\u0301")]
    [InlineData("\u0301e", "\u0301e")]
    [InlineData("a\u0315\u0300\u05AE\u0300b", "\u00E0\u05AE\u0300\u0315b")]
    [InlineData("\u0915\u093C", "\u0915\u093C")]
    [InlineData("\u0958", "\u0915\u093C")]
    [InlineData("\u2126\u212B", "\u03A9\u00C5")]
    [InlineData("\uF900", "\u8C48")]
    [InlineData("\u1100\u1161\u11A8", "\uAC01")]
    [InlineData("\uAC00\u11A7", "\uAC00\u11A7")]
    [InlineData("\uAC01\u11A8", "\uAC01\u11A8")]
    [InlineData("\u0344", "\u0308\u0301")]
    [InlineData("\uD804\uDD31\uD804\uDD27", "\uD804\uDD2E")]
    [InlineData("\u09C7\u09BE", "\u09CB")]
    [InlineData("\u1100\u0300\u1161", "\u1100\u0300\u1161")]
    public void NormalFormC(string text, string expected)
    {
        List<int> points = [.. text.EnumerateRunes().Select(r => r.Value)];
        CanonicalComposition.Normalize(points);
        Assert.Equal(expected, string.Concat(points.Select(char.ConvertFromUtf32)));
    }
}
