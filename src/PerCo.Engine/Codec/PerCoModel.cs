using System.Collections.Concurrent;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tokenizers;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// A model folder on a backend. Networks are loaded when they are first needed, so that decoding loads no encoder, and
/// stay loaded until the model is disposed of. Several threads may share one model; their stages take turns.
/// </summary>
public sealed class PerCoModel : IDisposable
{
    private readonly Dictionary<string, object> _parts = [];
    private readonly Dictionary<string, WeightFolder> _weights = [];
    private readonly Lock _lock = new();
    private readonly bool _ownsBackend;
    private MemoryPlan? _plan;

    // The direction for which networks of the other were freed; only its own were loaded since.
    private bool? _madeRoomForDecoding;
    private bool _disposed;

    private PerCoModel(ModelFolder folder, Backend backend, bool ownsBackend)
    {
        Folder = folder;
        Backend = backend;
        _ownsBackend = ownsBackend;
    }

    /// <summary>The folder: identity, rates and suggestions.</summary>
    public ModelFolder Folder { get; }

    /// <summary>
    /// Where the networks run. Whoever made it disposes of it after the model; <see cref="Open(string)"/> made its own.
    /// </summary>
    public Backend Backend { get; }

    /// <summary>Ways of working on a GPU that were measured, by what they are for.</summary>
    internal ConcurrentDictionary<object, GpuMemoryPlan> GpuPlans { get; } = new();

    internal int LatentStride => VaeConfig.Downscale;

    internal int LatentChannels => VaeConfig.LatentChannels;

    internal VaeConfig VaeConfig => Part("vae config", () => VaeConfig.Read(Config(Folder.VaeFolder)));

    internal Vae Vae => Part("vae", () => new Vae(Backend, VaeConfig, Weights(Folder.VaeFolder)));

    internal Blip2Captioner Captioner => Part("captioner", () => Blip2Captioner.Load(
        Backend,
        Folder.CaptionerFolder ?? throw new PerCoException(
            $"{Folder.Path}: the model has no captioner. Give the caption with --caption, or use --no-caption.")));

    internal SchedulerConfig SchedulerConfig => Part("scheduler", ()
        => SchedulerConfig.Load(Folder.SchedulerConfigFile));

    private ModelParts Parts => new(Folder.Path);

    private ClipTextConfig TextConfig => Part(
        "text encoder config", () => ClipTextConfig.Read(Config(Folder.TextEncoderFolder)));

    private ClipTextEncoder TextEncoder => Part("text encoder", () => new ClipTextEncoder(
        Backend, TextConfig, Weights(Folder.TextEncoderFolder)));

    private ClipTokenizer Tokenizer => Part("tokenizer", () =>
    {
        ClipTokenizer tokenizer = ClipTokenizer.Load(Folder.TokenizerFolder);
        Parts.CheckText(tokenizer, TextConfig);
        return tokenizer;
    });

    /// <summary>
    /// Opens a model folder on the best device of this machine; weights are read when they are needed.
    /// </summary>
    /// <param name="path">A folder in the Hugging Face layout, with a perco.json or as PerCo (SD) saves it.</param>
    /// <exception cref="PerCoException">There is no such folder, or it is no model.</exception>
    public static PerCoModel Open(string path)
    {
        ModelFolder folder = ModelFolder.Open(path);
        return new PerCoModel(folder, BackendCatalog.Create(BackendCatalog.Auto), ownsBackend: true);
    }

    /// <summary>Opens a model folder; weights are read when they are needed.</summary>
    /// <param name="path">A folder in the Hugging Face layout, with a perco.json or as PerCo (SD) saves it.</param>
    /// <param name="backend">Where to compute. Stays the caller's.</param>
    /// <exception cref="PerCoException">There is no such folder, or it is no model.</exception>
    public static PerCoModel Open(string path, Backend backend)
    {
        ArgumentNullException.ThrowIfNull(backend);
        return new PerCoModel(ModelFolder.Open(path), backend, ownsBackend: false);
    }

    /// <summary>The rate whose grid a file has; without codes, the model's first.</summary>
    internal ModelRate Rate(CodeGrid grid)
    {
        foreach (ModelRate rate in Folder.Rates)
        {
            if (!grid.HasCodes || Grid(rate) == grid)
            {
                return rate;
            }
        }

        throw new PerCoException(
            $"The file has {grid}; {Folder.Id} has {string.Join("; ", Folder.Rates.Select(Grid))}. Choose its model "
                + "with --model.");
    }

    /// <summary>The layout of the codes of a rate.</summary>
    internal CodeGrid Grid(ModelRate rate)
    {
        HyperEncoderConfig config = HyperEncoderConfig(rate);
        return new CodeGrid(LatentStride * config.Downscale, config.CodebookSize, config.Codebooks);
    }

    /// <summary>Checks that what encodes at a rate fits together.</summary>
    /// <exception cref="PerCoException">It does not.</exception>
    internal void CheckEncoder(ModelRate rate) => Parts.CheckEncoder(VaeConfig, HyperEncoderConfig(rate));

    internal HyperEncoder HyperEncoder(ModelRate rate) => Part(
        $"hyper-encoder {rate.Index}",
        () => new HyperEncoder(Backend, HyperEncoderConfig(rate), Weights(rate.HyperEncoderFolder)));

    internal HyperDecoder HyperDecoder(ModelRate rate) => Part(
        $"hyper-decoder {rate.Index}",
        () => new HyperDecoder(Backend, HyperEncoderConfig(rate), Weights(rate.HyperEncoderFolder)));

    internal UNet UNet(ModelRate rate) => Part(
        $"unet {rate.Index}",
        () =>
        {
            UNetConfig config = UNetConfig.Read(Config(rate.UNetFolder));
            Parts.CheckDecoder(VaeConfig, config, TextConfig);
            var network = new UNet(Backend, config, Weights(rate.UNetFolder));
            try
            {
                Parts.CheckFeatures(network, HyperEncoderConfig(rate));
                return network;
            }
            catch
            {
                network.Dispose();
                throw;
            }
        });

    /// <summary>
    /// Sets backend and networks to a plan, before networks are loaded or run; the caller holds the backend's lock
    /// until <see cref="EndStage"/>. Networks whose weights the last plan stored otherwise are loaded anew.
    /// </summary>
    /// <param name="stage">What begins.</param>
    /// <param name="plan">The plan; null for the last one.</param>
    internal void BeginStage(CodecStage stage, StagePlan? plan = null)
    {
        if (plan is not null)
        {
            if (_plan?.Weights != plan.Limited?.Weights)
            {
                ReleaseNetworks();
            }

            _plan = plan.Limited;
            if (plan.BandBytes is { } bytes)
            {
                Vae.BandBytes = bytes;
            }
        }

        if (Backend is HostBackend host)
        {
            // The autoencoder runs once a picture, the other networks again and again.
            host.Arena.KeepLimit = _plan?.ArenaLimit(stage) ?? (stage is CodecStage.Latent or CodecStage.Picture
                ? HostArena.TwicePeak : HostArena.DefaultKeepLimit);
        }

        if (Backend is CpuBackend cpu)
        {
            cpu.WeightPlan = _plan?.Weights ?? cpu.Options.WeightPlan;
        }
    }

    /// <summary>
    /// Frees networks where a plan does not fit beside them: a plan counts those that it needs alone, and the captioner
    /// may lie on the device while a picture is drawn. Waits for a stage that another thread is in.
    /// </summary>
    /// <param name="gpu">The device.</param>
    /// <param name="plan">What is about to be done.</param>
    /// <param name="decodes">Whether it decodes; networks of the same direction are kept.</param>
    internal void MakeRoom(GpuBackend gpu, GpuMemoryPlan plan, bool decodes)
    {
        lock (gpu.Exclusive)
        {
            // Blocks of activations that are kept count as held, but are given back before anything fails.
            if (_madeRoomForDecoding != decodes && plan.Total + gpu.Hardware.Held > gpu.Hardware.UsableMemory)
            {
                gpu.TrimMemory();
                if (plan.Total + gpu.Hardware.Held > gpu.Hardware.UsableMemory)
                {
                    ReleaseNetworks();
                    _madeRoomForDecoding = decodes;
                }
            }
        }
    }

    /// <summary>Frees what the plan does not keep until the next stage.</summary>
    internal void EndStage()
    {
        if (_plan is not null)
        {
            Backend.TrimMemory();
        }

        if (_plan is { KeepsNetworks: false })
        {
            ReleaseNetworks();
            GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
        }
    }

    /// <summary>Frees all networks; they are loaded again when they are needed.</summary>
    internal void ReleaseNetworks()
    {
        lock (_lock)
        {
            foreach ((string name, object part) in _parts)
            {
                if (part is IDisposable network)
                {
                    network.Dispose();
                    _parts.Remove(name);
                }
            }
        }
    }

    /// <summary>The features of "no codes": zeros.</summary>
    internal Tensor NoCodes(ModelRate rate)
    {
        int channels = UNet(rate).LocalChannels;
        return Backend.Upload(new Shape(1, 1, 1, channels), new float[channels]);
    }

    /// <summary>Features of one caption, and of no text.</summary>
    internal TextConditions EncodeText(string caption)
    {
        (float[] nullText, Shape shape) = NullText;
        if (caption.Length == 0)
        {
            return new TextConditions(nullText, nullText, shape);
        }

        (float[] features, _) = Features(caption);
        StageGuard.CheckFinite("text encoder", features, 1e5f);
        return new TextConditions(features, nullText, shape);
    }

    /// <summary>
    /// Frees all networks. Waits for a stage that another thread is in; that thread's next one throws
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        // Stages lock in this order too.
        lock (Backend.Exclusive)
        {
            lock (_lock)
            {
                if (_disposed)
                {
                    return;
                }

                _disposed = true;
                ReleaseNetworks();
                _parts.Clear();
                foreach (WeightFolder weights in _weights.Values)
                {
                    weights.Dispose();
                }

                _weights.Clear();
            }
        }

        if (_ownsBackend)
        {
            Backend.Dispose();
        }
    }

    // What stands for "no text" is the same for all pictures.
    private TextFeatures NullText => Part("null text", () =>
    {
        TextFeatures empty = Features("");
        if (Folder.LoadNullText() is { } stored)
        {
            var expected = new Shape(empty.Shape.Tokens, empty.Shape.Channels);
            if (stored.Shape != expected && stored.Shape != empty.Shape)
            {
                throw new PerCoException(
                    $"{Folder.Path}: null_text is {stored.Shape}, expected {empty.Shape}: the features of one text. "
                    + "Does it belong to this text encoder?");
            }

            empty = empty with { Values = stored.ToFloats() };
        }

        StageGuard.CheckFinite("text encoder", empty.Values, 1e5f);
        return empty;
    });

    // As many tokens as the tokenizer says, as the reference's pipeline pads them; the encoder may have positions left.
    private TextFeatures Features(string text)
    {
        int length = Math.Min(Tokenizer.MaxLength ?? int.MaxValue, TextEncoder.Config.MaxPositions);
        using Tensor features = TextEncoder.Forward(Tokenizer.Encode(text, length));
        return new TextFeatures(features.ToFloats(), features.Shape);
    }

    private static ConfigReader Config(string folder)
        => ConfigReader.Load(System.IO.Path.Combine(folder, "config.json"));

    private HyperEncoderConfig HyperEncoderConfig(ModelRate rate) => Part(
        $"hyper-encoder config {rate.Index}",
        () => Networks.HyperEncoder.HyperEncoderConfig.Read(Config(rate.HyperEncoderFolder)));

    private WeightFolder Weights(string folder)
    {
        if (!_weights.TryGetValue(folder, out WeightFolder? weights))
        {
            _weights[folder] = weights = WeightFolder.Open(folder);
        }

        return weights;
    }

    private T Part<T>(string name, Func<T> load)
        where T : class
    {
        // One lock for all parts: a part may need another (a network its config), and loading is memory-bound anyway.
        lock (_lock)
        {
            ObjectDisposedException.ThrowIf(_disposed, this);
            if (!_parts.TryGetValue(name, out object? part))
            {
                _parts[name] = part = load();
            }

            return (T)part;
        }
    }

    /// <summary>Features of a text, [1, tokens, channels].</summary>
    private sealed record TextFeatures(float[] Values, Shape Shape);
}
