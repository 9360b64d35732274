using System.Collections.Concurrent;
using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Networks.HyperEncoder;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Codec;

/// <summary>
/// A model folder on a backend. Networks are loaded when they are first needed, so that decoding loads no encoder, and
/// stay loaded until the model is disposed of. Several threads may share one model; their stages take turns.
/// </summary>
public sealed class PerCoModel : IDisposable
{
    private readonly bool _ownsBackend;
    private MemoryPlan? _plan;

    // The direction for which networks of the other were freed; only its own were loaded since.
    private bool? _madeRoomForDecoding;
    private bool _disposed;

    private PerCoModel(ModelFolder folder, Backend backend, bool ownsBackend)
    {
        Folder = folder;
        Backend = backend;
        Networks = new ModelNetworks(folder, backend);
        Text = new ModelText(folder, Networks);
        _ownsBackend = ownsBackend;
    }

    /// <summary>The folder: identity, rates and suggestions.</summary>
    public ModelFolder Folder { get; }

    /// <summary>
    /// Where the networks run. Whoever made it disposes of it after the model; <see cref="Open(string)"/> made its own.
    /// </summary>
    public Backend Backend { get; }

    /// <summary>Is told how a picture will be worked on within a limit of memory.</summary>
    internal Action<MemoryPlan>? Planned { get; set; }

    /// <summary>
    /// Bytes that a process can take before the system, or the container that it runs in, is short of memory: about
    /// nine tenths of what there is.
    /// </summary>
    internal long SystemMemory { get; set; } = GC.GetGCMemoryInfo().HighMemoryLoadThresholdBytes;

    /// <summary>Ways to stay below a limit that were found, by what they are for.</summary>
    internal ConcurrentDictionary<object, MemoryPlan> MemoryPlans { get; } = new();

    /// <summary>Ways of working on a GPU that were measured, by what they are for.</summary>
    internal ConcurrentDictionary<object, GpuMemoryPlan> GpuPlans { get; } = new();

    /// <summary>The networks, loaded as they are needed.</summary>
    internal ModelNetworks Networks { get; }

    /// <summary>Captions as features.</summary>
    internal ModelText Text { get; }

    internal int LatentStride => Networks.VaeConfig.Downscale;

    internal int LatentChannels => Networks.VaeConfig.LatentChannels;

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
            $"The file has {grid}; {Folder.Id} has {string.Join("; ", Folder.Rates.Select(Grid))}. Choose its model.")
        {
            Remedies = [Remedy.Model],
        };
    }

    /// <summary>The layout of the codes of a rate.</summary>
    internal CodeGrid Grid(ModelRate rate)
    {
        HyperEncoderConfig config = Networks.HyperEncoderConfig(rate);
        return new CodeGrid(LatentStride * config.Downscale, config.CodebookSize, config.Codebooks);
    }

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
            // A plan counts its own networks; those of the other direction may have stayed.
            bool crowded = _plan is { } last && plan.Limited is { } next && last.Decodes != next.Decodes
                && last.HeldWeights + next.Least > next.Limit.Bytes;
            if (crowded || _plan?.Weights != plan.Limited?.Weights)
            {
                Networks.Release();
            }

            _plan = plan.Limited;
            if (plan.BandBytes is { } bytes)
            {
                Networks.Vae.BandBytes = bytes;
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
                    Networks.Release();
                    _madeRoomForDecoding = decodes;
                }
            }
        }
    }

    /// <summary>Frees what the plan does not keep until the next stage.</summary>
    internal void EndStage()
    {
        if (_plan is null)
        {
            return;
        }

        Backend.TrimMemory();
        if (!_plan.KeepsNetworks)
        {
            Networks.Release();
        }

        // What a picture leaves to the collector is counted once.
        GC.Collect(GC.MaxGeneration, GCCollectionMode.Aggressive);
    }

    /// <summary>The features of "no codes": zeros.</summary>
    internal Tensor NoCodes(ModelRate rate)
    {
        int channels = Networks.UNet(rate).LocalChannels;
        return Backend.Upload(new Shape(1, 1, 1, channels), new float[channels]);
    }

    /// <summary>
    /// Frees all networks. Waits for a stage that another thread is in; that thread's next one throws
    /// <see cref="ObjectDisposedException"/>.
    /// </summary>
    public void Dispose()
    {
        lock (Backend.Exclusive)
        {
            if (_disposed)
            {
                return;
            }

            _disposed = true;
            Networks.Dispose();
        }

        if (_ownsBackend)
        {
            Backend.Dispose();
        }
    }
}
