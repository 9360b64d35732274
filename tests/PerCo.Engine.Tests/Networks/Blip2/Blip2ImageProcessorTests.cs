using System.Text;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Imaging;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.Blip2;

public sealed class Blip2ImageProcessorTests
{
    [SkippableTheory]
    [InlineData("kodim13.png", "pixels0", 56)]
    [InlineData("kodim15.png", "pixels1", 56)]
    [InlineData("kodim19.png", "pixels2", 56)]
    [InlineData("kodim13.png", "pixels224", 224)]
    public void PixelsAreThoseOfTransformers(string picture, string expected, int size)
    {
        Skip.If(TestPaths.Shared is null, "The reference pictures are not beside the repository.");
        using SafetensorsFile io = SafetensorsFile.Open(
            Path.Combine(TestPaths.Shared, "goldens", "blip2", "io.safetensors"));
        using var backend = new ReferenceBackend();
        var processor = Read($$$"""{"size": {"height": {{{size}}}, "width": {{{size}}}}}""");
        Image image = ImageFormats.Load(Path.Combine(TestPaths.Shared, "images", picture));

        using Tensor pixels = processor.Process(backend, image);

        using Tensor theirs = NetworkGolden.Upload(backend, io, expected);
        Tolerance.Elementwise.Check(theirs.ToFloats(), pixels.ToFloats());
    }

    [Fact]
    public void SamplesAreScaledAndNormalised()
    {
        using var backend = new ReferenceBackend();
        var processor = Read("""
            {"size": {"height": 1, "width": 2}, "image_mean": [0.5, 0.25, 0], "image_std": [0.5, 0.25, 2]}
            """);
        using Tensor pixels = processor.Process(backend, new Image(2, 1, [255, 0, 0, 0, 255, 51]));
        Assert.Equal(new Shape(1, 1, 2, 3), pixels.Shape);
        Assert.Equal([1f, -1f, 0f, -1f, 3f, 0.1f], pixels.ToFloats());
    }

    [Fact]
    public void StepsCanBeTurnedOff()
    {
        using var backend = new ReferenceBackend();
        var processor = Read("""
            {"size": {"height": 1, "width": 1}, "do_resize": false, "do_rescale": false, "do_normalize": false}
            """);
        using Tensor pixels = processor.Process(backend, new Image(1, 1, [1, 2, 255]));
        Assert.Equal([1f, 2f, 255f], pixels.ToFloats());
        var error = Assert.Throws<PerCoException>(() => processor.Process(backend, new Image(2, 1)));
        Assert.Contains("'do_resize' is false, and the picture is 2x1", error.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"resample": 0}""", "'resample' is 0")]
    [InlineData("""{"do_center_crop": true}""", "'do_center_crop' is true")]
    [InlineData("""{"image_processor_type": "CLIPImageProcessor"}""", "'image_processor_type'")]
    [InlineData("""{"size": {"shortest_edge": 224}}""", "'size' has 'shortest_edge'")]
    [InlineData("""{"image_std": [0, 1, 1]}""", "'image_std[0]' is 0")]
    [InlineData("""{"image_mean": [0, 1]}""", "'image_mean' has 2 entries")]
    public void OtherSettingsAreRefusedByName(string json, string expected)
    {
        var error = Assert.Throws<PerCoException>(() => Read(json));
        Assert.Contains(expected, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void MissingSettingsAreThoseOfTransformers()
    {
        var processor = Read("{}");
        Assert.Equal((384, 384), (processor.Height, processor.Width));
    }

    private static Blip2ImageProcessor Read(string json) =>
        Blip2ImageProcessor.Read(ConfigReader.Parse("preprocessor_config.json", Encoding.UTF8.GetBytes(json)));
}
