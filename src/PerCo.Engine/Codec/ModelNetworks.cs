using PerCo.Engine.Backends;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// The parts of a model folder on a backend: each is loaded when it is first needed, after the parts that it must fit,
/// and kept until it is freed. Configurations and open weight files stay for good.
/// </summary>
internal sealed class ModelNetworks(ModelFolder folder, Backend backend) : IDisposable
{
    // One lock for all parts: a part may need another (a network its config), and loading is memory-bound anyway.
    private readonly Lock _lock = new();
    private readonly Dictionary<string, WeightFolder> _weights = [];
    private readonly ModelParts _parts = new(folder.Path);

    private SchedulerConfig? _schedulerConfig;
    private VaeConfig? _vaeConfig;
    private ClipTextConfig? _textConfig;
    private readonly HyperEncoderConfig?[] _hyperEncoderConfigs = new HyperEncoderConfig?[folder.Rates.Count];

    private Vae? _vae;
    private Blip2Captioner? _captioner;
    private ClipTokenizer? _tokenizer;
    private ClipTextEncoder? _textEncoder;
    private readonly HyperEncoder?[] _hyperEncoders = new HyperEncoder?[folder.Rates.Count];
    private readonly HyperDecoder?[] _hyperDecoders = new HyperDecoder?[folder.Rates.Count];
    private readonly UNet?[] _unets = new UNet?[folder.Rates.Count];
    private bool _disposed;

    public SchedulerConfig SchedulerConfig => Get(
        ref _schedulerConfig, () => SchedulerConfig.Load(folder.SchedulerConfigFile));

    public VaeConfig VaeConfig => Get(ref _vaeConfig, () => VaeConfig.Read(Config(folder.VaeFolder)));

    public Vae Vae => Get(ref _vae, () => new Vae(backend, VaeConfig, Weights(folder.VaeFolder)));

    public Blip2Captioner Captioner => Get(ref _captioner, () => Blip2Captioner.Load(
        backend,
        folder.CaptionerFolder ?? throw new PerCoException(
            $"{folder.Path}: the model has no captioner. Give the caption, or leave it out.")
        {
            Remedies = [Remedy.Caption, Remedy.NoCaption],
        }));

    public ClipTextEncoder TextEncoder => Get(
        ref _textEncoder, () => new ClipTextEncoder(backend, TextConfig, Weights(folder.TextEncoderFolder)));

    public ClipTokenizer Tokenizer => Get(ref _tokenizer, () =>
    {
        ClipTokenizer tokenizer = ClipTokenizer.Load(folder.TokenizerFolder);
        _parts.CheckText(tokenizer, TextConfig);
        return tokenizer;
    });

    private ClipTextConfig TextConfig => Get(
        ref _textConfig, () => ClipTextConfig.Read(Config(folder.TextEncoderFolder)));

    public HyperEncoderConfig HyperEncoderConfig(ModelRate rate) => Get(
        ref _hyperEncoderConfigs[rate.Index],
        () => Networks.HyperEncoder.HyperEncoderConfig.Read(Config(rate.HyperEncoderFolder)));

    public HyperEncoder HyperEncoder(ModelRate rate) => Get(
        ref _hyperEncoders[rate.Index],
        () => new HyperEncoder(backend, HyperEncoderConfig(rate), Weights(rate.HyperEncoderFolder)));

    public HyperDecoder HyperDecoder(ModelRate rate) => Get(
        ref _hyperDecoders[rate.Index],
        () => new HyperDecoder(backend, HyperEncoderConfig(rate), Weights(rate.HyperEncoderFolder)));

    public UNet UNet(ModelRate rate) => Get(
        ref _unets[rate.Index],
        () =>
        {
            UNetConfig config = UNetConfig.Read(Config(rate.UNetFolder));
            _parts.CheckDecoder(VaeConfig, config, TextConfig);
            var network = new UNet(backend, config, Weights(rate.UNetFolder));
            try
            {
                _parts.CheckFeatures(network, HyperEncoderConfig(rate));
                return network;
            }
            catch
            {
                network.Dispose();
                throw;
            }
        });

    /// <summary>Checks that what encodes at a rate fits together, from the configurations alone.</summary>
    /// <exception cref="PerCoException">It does not.</exception>
    public void CheckEncoder(ModelRate rate) => _parts.CheckEncoder(VaeConfig, HyperEncoderConfig(rate));

    /// <summary>Frees all networks; they are loaded again when they are needed.</summary>
    public void Release()
    {
        lock (_lock)
        {
            Free(ref _vae);
            Free(ref _captioner);
            Free(ref _textEncoder);
            for (int rate = 0; rate < folder.Rates.Count; rate++)
            {
                Free(ref _hyperEncoders[rate]);
                Free(ref _hyperDecoders[rate]);
                Free(ref _unets[rate]);
            }
        }
    }

    /// <summary>Frees all networks, and closes the weight files; nothing can be loaded after.</summary>
    public void Dispose()
    {
        lock (_lock)
        {
            _disposed = true;
            Release();
            foreach (WeightFolder weights in _weights.Values)
            {
                weights.Dispose();
            }

            _weights.Clear();
        }
    }

    private T Get<T>(ref T? part, Func<T> load)
        where T : class
    {
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, typeof(PerCoModel));
            return part ??= load();
        }
    }

    private static void Free<T>(ref T? network)
        where T : class, IDisposable
    {
        network?.Dispose();
        network = null;
    }

    private static ConfigReader Config(string folder) => ConfigReader.Load(Path.Combine(folder, "config.json"));

    private WeightFolder Weights(string folder)
    {
        if (!_weights.TryGetValue(folder, out WeightFolder? weights))
        {
            _weights[folder] = weights = WeightFolder.Open(folder);
        }

        return weights;
    }
}
