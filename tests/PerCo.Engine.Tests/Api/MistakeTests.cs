using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Imaging;
using Xunit;

namespace PerCo.Engine.Tests.Api;

/// <summary>What a program passes by mistake is named, before anything is computed.</summary>
public class MistakeTests
{
    private static readonly PerCoFile Text = new()
    {
        ModelIdentity = 1, Width = 32, Height = 32, Grid = CodeGrid.None, Indices = [], Caption = "a",
    };

    [Fact]
    public void Nulls_are_named()
    {
        Assert.Equal("model", Assert.Throws<ArgumentNullException>(() => new PerCoEncoder(null!)).ParamName);
        Assert.Equal("model", Assert.Throws<ArgumentNullException>(() => new PerCoDecoder(null!)).ParamName);
        Assert.Equal("stream", Assert.Throws<ArgumentNullException>(() => PerCoFile.Load((Stream)null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => PerCoFile.Load((string)null!)).ParamName);
        Assert.Equal("name", Assert.Throws<ArgumentNullException>(() => BackendCatalog.Create(null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentNullException>(() => PerCoModel.Open(null!)).ParamName);
        Assert.Equal("path", Assert.Throws<ArgumentException>(() => PerCoModel.Open("")).ParamName);
        Image image = new(32, 32);
        Assert.Equal("model", Assert.Throws<ArgumentNullException>(
            () => AblationRun.Run(null!, image, Ablation.Both)).ParamName);
        foreach (ImageText note in (ImageText[])[null!, new ImageText(null!, "a"), new ImageText("a", null!)])
        {
            Assert.Equal("texts", Assert.Throws<ArgumentException>(
                () => ImageFormats.Encode(image, ImageFormats.ForPath("a.png"), [note])).ParamName);
        }
    }

    [Fact]
    public void Files_that_a_program_made_are_checked_before_they_are_drawn()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 1 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        var decoder = new PerCoDecoder(model);
        var any = new DecodeOptions { AnyModel = true };
        Assert.Throws<ArgumentException>(() => decoder.Decode(Text with { Indices = null! }, any));
        Assert.Throws<ArgumentException>(() => decoder.Decode(Text with { Caption = null! }, any));
        Assert.Throws<ArgumentException>(() => decoder.Decode(Text with { Indices = [1] }, any));
        Assert.ThrowsAny<ArgumentException>(() => decoder.Decode(Text with { Width = 0 }, any));
        Assert.Throws<PerCoException>(() => decoder.Decode(Text with { Width = int.MaxValue }, any));
        Assert.Throws<ArgumentNullException>(() => decoder.Decode(Text, any).Notes(null!));
        Assert.Throws<ArgumentOutOfRangeException>(
            () => AblationRun.Run(model, new Image(32, 32), (Ablation)99));
    }

    [Theory]
    [InlineData(-0.5)]
    [InlineData(100.01)]
    [InlineData(double.NaN)]
    public void Guidance_has_one_range_everywhere(double scale)
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 1 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        Assert.Throws<ArgumentOutOfRangeException>(() => Guidance.Text((float)scale));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PerCoEncoder(model).Encode(
            new Image(32, 32), new EncodeOptions { Caption = "a", Guidance = scale }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PerCoDecoder(model).Decode(
            Text, new DecodeOptions { AnyModel = true, Guidance = scale }));
        Assert.Throws<ArgumentOutOfRangeException>(() => new PerCoDecoder(model).Decode(
            Text, new DecodeOptions { AnyModel = true, CodesGuidance = scale }));
    }

    [Fact]
    public void A_file_whose_guidance_is_out_of_range_is_drawn_with_another_only()
    {
        using var backend = new CpuBackend(new CpuOptions { Threads = 1 });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        PerCoFile file = PerCoFile.Parse((Text with { GuidanceHundredths = ushort.MaxValue }).ToBytes());
        var any = new DecodeOptions { AnyModel = true, Steps = 1 };
        var decoder = new PerCoDecoder(model);
        var refused = Assert.Throws<PerCoException>(() => decoder.Decode(file, any));
        Assert.Contains("655.35", refused.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.Guidance], refused.Remedies);
        Assert.Equal(2, decoder.Decode(file, any with { Guidance = 2 }).Guidance);
    }
}
