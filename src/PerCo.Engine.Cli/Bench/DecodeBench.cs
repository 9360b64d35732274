using System.Diagnostics;
using System.Globalization;
using System.Text.Json.Nodes;
using PerCo.Engine.Backends;
using PerCo.Engine.Cli.Terminal;
using PerCo.Engine.Codec;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Networks.Vae;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;

namespace PerCo.Engine.Cli.Bench;

/// <summary>
/// Times what decoding runs after the text encoder: denoising with guidance and the autoencoder, on networks whose
/// weights a folder has, or that are made up from their names.
/// </summary>
internal static class DecodeBench
{
    private const int LatentSide = 64;
    private const int CodesSide = 32;
    private const int Tokens = 77;
    private const float GuidanceScale = 3;

    public static void Run(
        Backend backend, string folder, int steps, int pictures, int repeats, BenchFormat format, Messages messages,
        CancellationToken cancellation)
    {
        // 1. The networks.
        long start = Stopwatch.GetTimestamp();
        using CaseModel unetModel = CaseModel.Open(Path.Combine(folder, "unet"), "bench");
        using CaseModel vaeModel = CaseModel.Open(Path.Combine(folder, "vae"), "bench");
        using var unet = new UNet(backend, UNetConfig.Read(unetModel.Config), unetModel.Weights);
        using var vae = new Vae(backend, VaeConfig.Read(vaeModel.Config), vaeModel.Weights);
        SchedulerConfig scheduler = SchedulerConfig.Load(
            Path.Combine(folder, "scheduler", "scheduler_config.json"));
        messages.Note(string.Create(
            CultureInfo.InvariantCulture,
            $"{backend.Name}: networks of {folder} loaded in {Stopwatch.GetElapsedTime(start).TotalSeconds:F1} s"));

        // 2. The same conditions for all runs. The first one also builds kernels.
        Conditioned conditions = Conditioned.Make(backend, unet, pictures);
        var runs = new List<Timing>();
        using (conditions.Local)
        {
            for (int run = 0; run <= repeats; run++)
            {
                Timing timing = Decode(backend, unet, vae, scheduler, conditions, steps, cancellation);
                messages.Note(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(run == 0 ? "warm-up" : $"run {run}")}: denoise {timing.Denoise:F4} s, autoencoder "
                    + $"{timing.Paint:F4} s"));
                if (run > 0)
                {
                    runs.Add(timing);
                }
            }
        }

        Timing median = runs.OrderBy(run => run.Total).ElementAt(runs.Count / 2);
        Print(backend, steps, pictures, median, format);
    }

    private static Timing Decode(
        Backend backend, UNet unet, Vae vae, SchedulerConfig config, Conditioned conditions, int steps,
        CancellationToken cancellation)
    {
        long start = Stopwatch.GetTimestamp();
        var guidance = Guidance.Text(GuidanceScale);
        var shape = new Shape(conditions.Local.Shape.Batch, LatentSide, LatentSide, unet.Config.InChannels);
        float[] samples = new float[shape.Count];
        TorchNoise.Fill(0, samples);
        using (var predictor = new UNetNoisePredictor(
            unet, conditions.Local, conditions.Text, guidance.Rows, LatentSide, LatentSide))
        {
            DiffusionSampler.Sample(
                SchedulerCatalog.Create("ddim", config, steps), predictor, guidance, samples, null, cancellation);
        }

        double denoise = Stopwatch.GetElapsedTime(start).TotalSeconds;
        foreach (float[] sample in samples.Chunk(samples.Length / shape.Batch))
        {
            using Tensor latent = backend.Upload(new Shape(1, shape.Height, shape.Width, shape.Channels), sample);
            using Tensor picture = vae.Decode(latent);
            StageGuard.CheckFinite("VAE decoder", picture.ToFloats(), 1e4f);
        }

        double total = Stopwatch.GetElapsedTime(start).TotalSeconds;
        return new Timing(denoise, total - denoise);
    }

    private static void Print(Backend backend, int steps, int pictures, Timing timing, BenchFormat format)
    {
        int side = LatentSide * 8;
        switch (format)
        {
            case BenchFormat.Json:
                JsonText.Print(new JsonObject
                {
                    ["device"] = backend.Name,
                    ["description"] = backend.Description,
                    ["width"] = side,
                    ["height"] = side,
                    ["steps"] = steps,
                    ["pictures"] = pictures,
                    ["denoiseSeconds"] = timing.Denoise,
                    ["autoencoderSeconds"] = timing.Paint,
                    ["seconds"] = timing.Total,
                    ["peakActivationBytes"] = backend.PeakMemory,
                });
                break;
            case BenchFormat.Csv:
                Console.WriteLine(
                    "device,size,steps,pictures,denoise_seconds,autoencoder_seconds,seconds,peak_activation_mib");
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{backend.Name},{side}x{side},{steps},{pictures},{timing.Denoise:F4},{timing.Paint:F4},"
                    + $"{timing.Total:F4},{backend.PeakMemory >> 20}"));
                break;
            default:
                Console.WriteLine($"{backend.Name}: {backend.Description}");
                Console.WriteLine(string.Create(
                    CultureInfo.InvariantCulture,
                    $"{(pictures > 1 ? $"{pictures} pictures at once, " : "")}{side}x{side}, {steps} steps with "
                    + $"guidance: {timing.Total:F3} s (denoise {timing.Denoise:F3}, "
                    + $"autoencoder {timing.Paint:F3}), activations {backend.PeakMemory >> 20} MiB"));
                break;
        }
    }

    private sealed record Timing(double Denoise, double Paint)
    {
        public double Total => Denoise + Paint;
    }

    private sealed record Conditioned(Tensor Local, TextConditions Text)
    {
        public static Conditioned Make(Backend backend, UNet unet, int pictures)
        {
            int width = unet.Config.CrossAttentionDim[0];
            var local = new Shape(pictures, CodesSide, CodesSide, unet.LocalChannels);
            var text = new Shape(1, Tokens, width);
            return new Conditioned(
                backend.Upload(local, SyntheticTensors.Tensor("bench/local", local)),
                new TextConditions(
                    SyntheticTensors.Tensor("bench/caption", text), SyntheticTensors.Tensor("bench/null", text), text));
        }
    }
}
