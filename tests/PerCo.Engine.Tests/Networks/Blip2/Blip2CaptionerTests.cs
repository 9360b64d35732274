using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Imaging;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tests.Weights;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks.Blip2;

public sealed class Blip2CaptionerTests
{
    private static readonly string Folder = Path.Combine(TestPaths.DefaultModel, "captioner");

    [SkippableFact]
    public void Version0sCaptionsAreThoseOfTransformers()
    {
        Skip.If(TestPaths.Shared is null, "The reference pictures are not beside the repository.");
        using Backend backend = NetworkBackends.Create("cpu");
        using Blip2Captioner captioner = Blip2Captioner.Load(
            backend, Path.Combine(TestPaths.Shared, "models", "perco-mini", "captioner"));
        (string Picture, string Caption)[] cases =
        [
            ("kodim13", "a dog is running through the grass"),
            ("kodim15", "a man in a red shirt and a black shirt is standing in front of a man in a white shirt"),
            ("kodim19", "a man in a white shirt is standing on a bench with a man in the background"),
        ];
        foreach ((string picture, string caption) in cases)
        {
            using SafetensorsFile io = SafetensorsFile.Open(
                Path.Combine(TestPaths.Shared, "goldens", "mini", picture + ".safetensors"));
            Image image = ImageFormats.Load(Path.Combine(TestPaths.Shared, "images", picture + ".png"));
            int[] tokens = captioner.GenerateTokens(image);
            Assert.Equal(NetworkGolden.Ints(io, "caption_tokens"), tokens);
            Assert.Equal(caption, captioner.Decode(tokens));
        }
    }

    [Fact]
    public void AnyPictureGetsACaption()
    {
        using Backend backend = NetworkBackends.Create("cpu");
        using Blip2Captioner captioner = Blip2Captioner.Load(backend, Folder);
        var image = new Image(3, 1, [255, 0, 0, 0, 255, 0, 0, 0, 255]);

        int[] tokens = captioner.GenerateTokens(image, maxLength: 6);
        string caption = captioner.Caption(image, maxLength: 6);

        Assert.InRange(tokens.Length, 2, 6);
        Assert.Equal(2, tokens[0]);
        Assert.Equal(captioner.Decode(tokens), caption);
        Assert.Equal(caption.Trim(), caption);
        Assert.NotEmpty(caption);
    }

    [Fact]
    public void AProcessorOfAnotherModelIsRefused()
    {
        using var backend = new ReferenceBackend();
        using var model = new Blip2Model(backend, Blip2Case.Config, Blip2Case.Weights);
        var processor = Blip2ImageProcessor.Read(
            ConfigReader.Load(Path.Combine(Folder, "preprocessor_config.json")));
        Gpt2Tokenizer tokenizer = Gpt2Tokenizer.Load(Folder);
        var error = Assert.Throws<PerCoException>(
            () => new Blip2Captioner(backend, model, processor, tokenizer));
        Assert.Contains("'size' is 224x224, expected 56x56", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void ATokenizerOfAnotherModelIsRefused()
    {
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.EnumerateFiles(Folder).Where(f => !f.EndsWith(".safetensors")))
        {
            folder.Text(Path.GetFileName(file), File.ReadAllText(file).Replace(
                "\"vocab_size\": 2000", "\"vocab_size\": 1999", StringComparison.Ordinal));
        }

        using var backend = new ReferenceBackend();
        var error = Assert.Throws<PerCoException>(() => Blip2Captioner.Load(backend, folder.Path));
        Assert.Contains("has ids up to 1999, expected below 1999", error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void AFolderWithoutACaptionerIsExplained()
    {
        using var backend = new ReferenceBackend();
        var error = Assert.Throws<PerCoException>(
            () => Blip2Captioner.Load(backend, Path.Combine(TestPaths.DefaultModel, "tokenizer")));
        Assert.Contains(Path.Combine("tokenizer", "config.json"), error.Message, StringComparison.Ordinal);
    }
}
