using PerCo.Engine.Codec;
using PerCo.Engine.Codec.PercoSd;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Codec.PercoSd;

/// <summary>Between PerCo (SD)'s files and ours.</summary>
public sealed class PercoSdConversionTests
{
    public static TheoryData<string> Rates => [.. PublishedRate.All.Select(r => r.Name)];

    [Theory]
    [MemberData(nameof(Rates))]
    public void Files_go_both_ways(string rate)
    {
        byte[] theirs = File.ReadAllBytes(TestPaths.Goldens($"bitstreams/{rate}.pkl"));
        PercoSdFile content = PercoSdFile.Parse(theirs);
        PerCoFile file = PerCoFile.FromPercoSd(theirs, 42);
        Assert.Equal((content.Width, content.Height, 42u), (file.Width, file.Height, file.ModelIdentity));
        Assert.Contains(file.Grid, CodeGrid.Published);
        PerCoFile ours = PerCoFile.Parse(file.ToBytes());
        Assert.Equal(content.Indices, ours.Indices);
        Assert.Equal(content.Caption, ours.Caption);

        PercoSdFile back = PercoSdFile.Parse(ours.ToPercoSd());
        Assert.Equal(rate, back.Rate.Name);
        Assert.Equal(content.Indices, back.Indices);
        Assert.Equal(content.Caption, back.Caption);
    }

    [Fact]
    public void What_the_other_format_cannot_hold_is_refused()
    {
        Assert.Throws<PerCoException>(() => PerCoFileTests.Sample(64, 64, CodeGrid.None).ToPercoSd());
        Assert.Throws<PerCoException>(() => PerCoFileTests.Sample(64, 64, new CodeGrid(16, 512)).ToPercoSd());
        Assert.Throws<PerCoException>(() => PerCoFileTests.Sample(65, 64, new CodeGrid(16, 256)).ToPercoSd());
        byte[] odd = new PercoSdFile
        {
            Width = 70,
            Height = 64,
            Rate = PublishedRate.All[3],
            Caption = "a",
            Indices = new int[16],
        }.ToBytes();
        PerCoException e = Assert.Throws<PerCoException>(() => PerCoFile.FromPercoSd(odd, 1, PublishedRate.All[3]));
        Assert.Contains("multiples of 16", e.Message, StringComparison.Ordinal);
    }
}
