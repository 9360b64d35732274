using System.Globalization;
using PerCo.Engine.Backends;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Layers;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Peers.Engine;

/// <summary>A step of the U-Net at Stable Diffusion 2.1's width; what all steps share is done before.</summary>
internal sealed class UNetWork : EngineWork
{
    private readonly UNet _unet;
    private readonly Tensor _sample;
    private readonly UNetConditions _conditions;

    public UNetWork(WorkLine line, Backend backend)
    {
        int side = line.Int("side"), batch = line.Int("batch", 1);
        using CaseModel model = SyntheticNetworks.Open("unet");
        _unet = new UNet(backend, UNetConfig.Read(model.Config), model.Weights);
        _sample = Input(backend, "sample", new Shape(batch, 4, side, side), 1.7f);
        using Tensor text = Input(backend, "context", new Shape(batch, 77, 1024), 1.7f);
        using Tensor local = Input(backend, "local", new Shape(batch, _unet.LocalChannels, side / 2, side / 2));
        _conditions = _unet.Prepare(text, local, side, side);
    }

    public override string Detail => SyntheticNetworks.Weights(_unet.WeightBytes);

    protected override Tensor Compute() => _unet.Forward(_sample, 951, _conditions);

    protected override void Dispose(bool disposing)
    {
        _conditions.Dispose();
        _sample.Dispose();
        _unet.Dispose();
    }
}

/// <summary>The autoencoder's decoder at Stable Diffusion's width: a square latent to a picture.</summary>
internal sealed class VaeWork : EngineWork
{
    private readonly Vae _vae;
    private readonly Tensor _latent;

    public VaeWork(WorkLine line, Backend backend)
    {
        int side = line.Int("side");
        using CaseModel model = SyntheticNetworks.Open("vae");
        _vae = new Vae(backend, VaeConfig.Read(model.Config), model.Weights);
        _vae.LoadDecoder();
        _latent = Input(backend, "latent", new Shape(1, 4, side, side), 4);
    }

    public override string Detail => SyntheticNetworks.Weights(_vae.WeightBytes);

    protected override Tensor Compute() => _vae.Decode(_latent);

    protected override void Dispose(bool disposing)
    {
        _latent.Dispose();
        _vae.Dispose();
    }
}

/// <summary>A token of a language model of OPT-2.7b's width: from its id, behind others, to the logits.</summary>
internal sealed class TokenWork : EngineWork
{
    private const int Token = 1234;

    private readonly WeightLease _lease = new();
    private readonly OptLanguageModel _model;
    private readonly KeyValueCache _cache;
    private readonly float[] _logits;
    private readonly int _past;
    private readonly long _read;

    public TokenWork(WorkLine line, Backend backend)
    {
        _past = line.Int("past");
        using CaseModel model = SyntheticNetworks.Open("opt");
        OptConfig config = OptConfig.Read(model.Config, generation: null);
        var scope = new LayerScope(backend, new WeightScope(model.Weights), _lease);
        _model = new OptLanguageModel(scope["language_model"], config);
        _cache = new KeyValueCache(backend, config, _past + 1);
        _logits = new float[config.VocabularySize];
        using Tensor prefix = Input(backend, "prefix", new Shape(1, _past, config.HiddenSize));
        _model.Next(prefix, _cache, _logits);

        // Of the tables of tokens and positions (two of which OPT leaves out) a token reads one row each.
        _read = _lease.Bytes - (sizeof(float) * (config.VocabularySize + config.MaxPositions + 2L) * config.HiddenSize);
    }

    public override string Detail => SyntheticNetworks.Weights(_read);

    public override void Run()
    {
        _cache.Length = _past;
        using Tensor embedded = _model.Embed(Token);
        _model.Next(embedded, _cache, _logits);
    }

    public override float[] Result()
    {
        Run();
        return _logits;
    }

    protected override Tensor Compute() => throw new NotSupportedException("Logits are no tensor.");

    protected override void Dispose(bool disposing)
    {
        _cache.Dispose();
        _lease.Dispose();
    }
}

/// <summary>The whole decoder with a model's folder: codes and caption to a picture.</summary>
internal sealed class DecodeWork : EngineWork
{
    private readonly PerCoModel _model;
    private readonly PerCoFile _file;
    private readonly DecodeOptions _options;

    public DecodeWork(WorkLine line, Backend backend)
    {
        _model = PerCoModel.Open(line.Text("model"), backend);
        _file = PerCoFile.Load(line.Text("file"));
        _options = new DecodeOptions
        {
            Seed = 0,
            Steps = line.Int("steps"),
            Guidance = double.Parse(line.Text("guidance"), CultureInfo.InvariantCulture),
        };
    }

    /// <summary>
    /// Makes a picture's .perco file, and beside it what a peer that does not read the format needs: size, grid,
    /// caption and codes, a line each.
    /// </summary>
    public static void Encode(Backend backend, string modelFolder, string picture, string path)
    {
        using PerCoModel model = PerCoModel.Open(modelFolder, backend);
        PerCoFile file = new PerCoEncoder(model).Encode(ImageFormats.Load(picture)).File;
        file.Save(path, overwrite: true);
        File.WriteAllLines(path + ".txt",
        [
            $"{file.Width} {file.Height}",
            $"{file.Grid.Columns(file.Width)} {file.Grid.Rows(file.Height)}",
            file.Caption,
            string.Join(' ', file.Indices),
        ]);
    }

    public override void Run() => new PerCoDecoder(_model).Decode(_file, _options);

    /// <summary>Samples of the picture from 0 to 1, rows from the top.</summary>
    public override float[] Result() =>
        [.. new PerCoDecoder(_model).Decode(_file, _options).Image.Pixels.ToArray().Select(sample => sample / 255f)];

    protected override Tensor Compute() => throw new NotSupportedException("A picture is no tensor.");

    protected override void Dispose(bool disposing) => _model.Dispose();
}
