using PerCo.Engine.Backends;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Networks.Blip2;

/// <summary>A picture → its caption: image processor, BLIP-2 and tokenizer of one folder.</summary>
internal sealed class Blip2Captioner : IDisposable
{
    /// <summary>Most tokens of a caption, the start token included, unless told otherwise: PerCo (SD)'s.</summary>
    public const int DefaultMaxLength = 32;

    private readonly Backend _backend;
    private readonly Gpt2Tokenizer _tokenizer;
    private readonly IDisposable? _source;

    /// <summary>Puts the parts together.</summary>
    /// <param name="backend">What <paramref name="model"/> was built for.</param>
    /// <param name="model">The network, which this object owns from now on.</param>
    /// <param name="processor">Makes the network's pixels.</param>
    /// <param name="tokenizer">Makes text of the network's tokens.</param>
    /// <param name="source">The model's open checkpoint, which this object closes in the end.</param>
    /// <exception cref="PerCoException">The processor's size is not the network's.</exception>
    internal Blip2Captioner(
        Backend backend, Blip2Model model, Blip2ImageProcessor processor, Gpt2Tokenizer tokenizer,
        IDisposable? source = null)
    {
        int size = model.Config.Vision.ImageSize;
        if (processor.Height != size || processor.Width != size)
        {
            throw new PerCoException(
                $"{processor.File}: 'size' is {processor.Height}x{processor.Width}, expected {size}x{size} "
                + "(vision_config.image_size of config.json). Do the files belong together?");
        }

        _backend = backend;
        _tokenizer = tokenizer;
        _source = source;
        Model = model;
        Processor = processor;
    }

    /// <summary>The network.</summary>
    public Blip2Model Model { get; }

    /// <summary>What makes the network's pixels.</summary>
    public Blip2ImageProcessor Processor { get; }

    /// <summary>
    /// Loads a folder as transformers saves it: <c>config.json</c>, <c>generation_config.json</c>,
    /// <c>preprocessor_config.json</c>, the tokenizer's files and the weights.
    /// </summary>
    /// <param name="backend">Where the network will run.</param>
    /// <param name="folder">The captioner's folder.</param>
    /// <exception cref="PerCoException">A file is missing, damaged or not supported.</exception>
    public static Blip2Captioner Load(Backend backend, string folder)
    {
        var config = Blip2Config.Load(folder);
        var processor = Blip2ImageProcessor.Read(
            ConfigReader.Load(Path.Combine(folder, "preprocessor_config.json")));
        Gpt2Tokenizer tokenizer = Gpt2Tokenizer.Load(folder);
        if (tokenizer.VocabularySize > config.Text.VocabularySize)
        {
            throw new PerCoException(
                $"{folder}: the tokenizer has ids up to {tokenizer.VocabularySize - 1}, expected below "
                + $"{config.Text.VocabularySize} (text_config.vocab_size of config.json). Do the files belong "
                + "together?");
        }

        WeightFolder? source = null;
        Blip2Model? model = null;
        try
        {
            source = WeightFolder.Open(folder);
            model = new Blip2Model(backend, config, source);
            return new Blip2Captioner(backend, model, processor, tokenizer, source);
        }
        catch
        {
            model?.Dispose();
            source?.Dispose();
            throw;
        }
    }

    /// <summary>Captions a picture.</summary>
    /// <param name="image">Any size; the captioner sees it squashed to a small square.</param>
    /// <param name="maxLength">
    /// Most tokens, the start token included, 1 to <see cref="Blip2Model.MaxLength"/>; as many as there are positions
    /// for, up to <see cref="DefaultMaxLength"/>, where null.
    /// </param>
    /// <param name="cancellation">Stops between two tokens.</param>
    /// <returns>The caption, without white space around it.</returns>
    /// <exception cref="ArgumentException">The length is out of range.</exception>
    /// <exception cref="PerCoException">The network gave NaN, or a token that the tokenizer lacks.</exception>
    /// <exception cref="OperationCanceledException">It was cancelled.</exception>
    public string Caption(Image image, int? maxLength = null, CancellationToken cancellation = default) =>
        Decode(GenerateTokens(image, maxLength, cancellation));

    /// <summary>The tokens of a picture's caption.</summary>
    /// <inheritdoc cref="Caption"/>
    /// <returns>The start token, the caption's, and the end token unless the length ran out.</returns>
    public int[] GenerateTokens(Image image, int? maxLength = null, CancellationToken cancellation = default)
    {
        int most = maxLength ?? Math.Min(DefaultMaxLength, Model.MaxLength);
        using Tensor prefix = Prefix(image);
        return Model.Generate(prefix, most, cancellation);
    }

    /// <summary>What the language model starts from, as <see cref="Blip2Model.Score"/> takes it.</summary>
    /// <param name="image">Any size.</param>
    /// <returns>[1, queries, OPT's hidden].</returns>
    public Tensor Prefix(Image image)
    {
        using Tensor pixels = Processor.Process(_backend, image);
        return Model.Prefix(pixels);
    }

    /// <summary>The text of tokens, without special tokens and white space around it.</summary>
    /// <exception cref="PerCoException">A token that the tokenizer lacks.</exception>
    public string Decode(ReadOnlySpan<int> tokens) => _tokenizer.Decode(tokens, skipSpecialTokens: true).Trim();

    /// <inheritdoc/>
    public void Dispose()
    {
        Model.Dispose();
        _source?.Dispose();
    }
}
