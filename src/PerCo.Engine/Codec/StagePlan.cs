using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Imaging;

namespace PerCo.Engine.Codec;

/// <summary>How the stages of one picture use memory. Each stage sets it: others may share the model.</summary>
/// <param name="Limited">The plan within a limit on the CPU; null for none.</param>
/// <param name="BandBytes">Size of the autoencoder's bands of rows on a GPU; null for the backend's own.</param>
/// <param name="LatentWindow">Rows and columns of the latent that are denoised at once; 0 where none are.</param>
internal sealed record StagePlan(MemoryPlan? Limited, long? BandBytes, int LatentWindow)
{
    /// <summary>Plans a picture's way to its file, and makes room for it on a GPU.</summary>
    /// <exception cref="PerCoException">Memory does not suffice; says how much is needed.</exception>
    public static StagePlan ForEncoding(PerCoModel model, Image image, EncodeOptions options)
    {
        MemoryPlan? limited = MemoryPlanner.ForEncoding(model, image.Width, image.Height, options);
        Tell(model, limited);
        if (model.Backend is not GpuBackend gpu)
        {
            return new StagePlan(limited, BandBytes: null, LatentWindow: 0);
        }

        GpuMemoryPlan plan = GpuMemoryPlanner.ForEncoding(model, image.Width, image.Height, options);
        gpu.Detail($"encoding {plan}");
        model.MakeRoom(gpu, plan, decodes: false);
        return new StagePlan(limited, plan.BandBytes, LatentWindow: 0);
    }

    /// <summary>Plans a batch's way to its pictures, and makes room for it on a GPU.</summary>
    /// <exception cref="PerCoException">Memory does not suffice; says how much is needed.</exception>
    public static StagePlan ForDecoding(
        PerCoModel model, IReadOnlyList<DecodeRequest> requests, DrawingSettings settings, DecodeOptions options)
    {
        MemoryPlan? limited = MemoryPlanner.ForDecoding(model, requests, options);
        Tell(model, limited);
        if (model.Backend is not GpuBackend gpu)
        {
            return new StagePlan(limited, BandBytes: null, limited?.LatentWindow ?? options.LatentWindow);
        }

        GpuMemoryPlan plan = GpuMemoryPlanner.ForDecoding(model, requests, settings, options.LatentWindow);
        gpu.Detail($"decoding {plan}");
        model.MakeRoom(gpu, plan, decodes: true);
        return new StagePlan(limited, plan.BandBytes, plan.LatentWindow);
    }

    private static void Tell(PerCoModel model, MemoryPlan? limited)
    {
        if (limited is not null)
        {
            model.Planned?.Invoke(limited);
        }
    }
}
