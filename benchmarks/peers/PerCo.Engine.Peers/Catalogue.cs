namespace PerCo.Engine.Peers;

/// <summary>All rows: Stable Diffusion 2.1's shapes at 512×512 pixels, whole networks, and PerCo-Mini.</summary>
internal static class Catalogue
{
    private const double MiB = 1 << 20;

    // Convolutions 426, linear layers 260, attention 126.
    private const double UNetOperations = 812e9;

    // Convolutions 2471, linear layers 9, attention 34.
    private const double VaeOperations = 2514e9;

    private static readonly Contender Torch = new("torch", "torch");
    private static readonly Contender TorchBf16 =
        new("torch bf16", "torch", " type=bf16") { Needs = "bf16", Tolerance = 3e-2 };
    private static readonly Contender TorchChannelsLast =
        new("torch channels-last", "torch", " layout=channels_last") { IsOptional = true };
    private static readonly Contender TorchKept = new("torch memory-kept", "torch-kept") { IsOptional = true };
    private static readonly Contender OneDnn = new("oneDNN", "onednn");
    private static readonly Contender OneDnnWinograd = new("oneDNN Winograd", "onednn", " algorithm=winograd");
    private static readonly Contender OneThread = new("one thread", "engine") { Threads = 1 };

    /// <summary>The rows, in the order of the table.</summary>
    public static IReadOnlyList<Row> Rows { get; } =
    [
        Linear(1024, 1024, 1024),
        Linear(4096, 2880, 320),
        Linear(4096, 320, 320),
        Linear(4096, 320, 2560),
        Linear(4096, 1280, 320),
        Linear(1024, 640, 640),
        Linear(1024, 640, 5120),
        Linear(1024, 2560, 640),
        Linear(256, 1280, 1280),
        Linear(256, 5120, 1280),
        Linear(77, 1024, 1280),

        Conv("unet", 64, 320, 320),
        Conv("unet", 64, 640, 320),
        Conv("unet", 64, 960, 320),
        Conv("unet", 32, 640, 640),
        Conv("unet", 32, 1280, 640),
        Conv("unet", 32, 1920, 640),
        Conv("unet", 16, 1280, 1280),
        Conv("unet", 16, 2560, 1280),
        Conv("unet", 8, 1280, 1280),
        Conv("unet", 8, 2560, 1280),
        Conv("unet", 64, 320, 320, stride: 2),
        Conv("unet", 32, 640, 640, stride: 2),
        Conv("unet", 64, 640, 640, up: 2),
        Conv("unet", 32, 1280, 1280, up: 2),
        Conv("unet", 64, 960, 320, kernel: 1),
        Conv("vae", 64, 512, 512),
        Conv("vae", 128, 512, 512),
        Conv("vae", 256, 512, 256),
        Conv("vae", 256, 256, 256),
        Conv("vae", 512, 256, 128),
        Conv("vae", 512, 128, 128),
        Conv("vae", 128, 512, 512, up: 2),
        Conv("vae", 512, 256, 256, up: 2),
        Conv("vae", 512, 128, 3),

        Attention(10, 4096, 4096, 64, new Bar(BarKind.Ratio, 3.5, Torch.Name), new Bar(BarKind.OfPeak, 0.85)),
        Attention(10, 4096, 77, 64),
        Attention(20, 1024, 1024, 64),
        Attention(1, 4096, 4096, 512),

        new("unet", "unet side=64", UNetOperations, 0)
        {
            IsNetwork = true,
            Contenders = [Torch, TorchKept, TorchChannelsLast, TorchBf16],
            Bars = [new Bar(BarKind.Ratio, 2, Torch.Name), new Bar(BarKind.OfPeak, 1.4)],
        },
        new("scaling", "unet side=64", UNetOperations, 0)
        {
            IsNetwork = true,
            Contenders = [OneThread],
            Bars = [new Bar(BarKind.Ratio, 1.85, OneThread.Name)],
        },
        new("vae-decode", "vae side=64", VaeOperations, 0)
        {
            IsNetwork = true,
            Contenders = [Torch, TorchKept, TorchChannelsLast, TorchBf16],
            Bars = [new Bar(BarKind.Ratio, 2.5, Torch.Name), new Bar(BarKind.Memory, 1.6 * 1024 * MiB)],
        },
        new("token", "token past=64", 2.0 * ((2 * 12 * 2560 * 2560) + (50304 * 2560)), 0)
        {
            Contenders = [Torch, TorchBf16],
            Bars = [new Bar(BarKind.Ratio, 2, Torch.Name), new Bar(BarKind.OfBandwidth, 0.8)],
        },
        new("perco-mini", "decode steps=20 guidance=1.5", 0, 0)
        {
            IsNetwork = true,
            Contenders = [Torch, TorchKept, TorchChannelsLast],
            Bars = [new Bar(BarKind.Seconds, 4), new Bar(BarKind.Memory, 600 * MiB)],

            // The pictures are rounded to bytes: half a step of 255 alone is 2e-3.
            Tolerance = 1e-2,
        },
        new("start-up", "startup", 0, 0)
        {
            IsNetwork = true,
            Bars = [new Bar(BarKind.Seconds, 0.5)],
        },
    ];

    private static Row Linear(int rows, int inputs, int outputs) => new(
        "linear",
        $"linear rows={rows} inputs={inputs} outputs={outputs}",
        2.0 * rows * inputs * outputs,
        Floats(((double)rows * inputs) + ((double)inputs * outputs) + ((double)rows * outputs)))
    {
        Contenders = [Torch, OneDnn, TorchBf16],
        Bars = [new Bar(BarKind.OfPeak, 0.9), new Bar(BarKind.Ratio, 0.95, OneDnn.Name)],
    };

    // A square map of side × side, after up-sampling; the kernel's half as padding.
    private static Row Conv(
        string network, int side, int inputs, int outputs, int kernel = 3, int stride = 1, int up = 1)
    {
        double positions = (double)side * side, results = positions / (stride * stride);
        bool winograd = kernel == 3 && stride == 1;
        return new Row(
            $"conv-{network}",
            $"conv2d height={side} width={side} inputs={inputs} outputs={outputs}"
                + (kernel == 3 ? "" : $" kernel={kernel}") + (stride == 1 ? "" : $" stride={stride}")
                + (up == 1 ? "" : $" up={up}"),
            2 * results * inputs * outputs * kernel * kernel,
            Floats(
                (positions / (up * up) * inputs) + (kernel * kernel * (double)inputs * outputs) + (results * outputs)))
        {
            Contenders = [Torch, TorchKept, OneDnn, .. winograd ? new[] { OneDnnWinograd } : [], TorchBf16],
            Bars = kernel != 3 ? [] : winograd
                ? [new Bar(BarKind.Ratio, 3, Torch.Name), new Bar(BarKind.Ratio, 1, OneDnnWinograd.Name)]
                : [new Bar(BarKind.Ratio, 3, Torch.Name)],
        };
    }

    private static Row Attention(int heads, int queries, int keys, int channels, params Bar[] bars) => new(
        "attention",
        $"attention heads={heads} queries={queries} keys={keys} channels={channels}",
        4.0 * heads * queries * keys * channels,
        Floats(2.0 * heads * (queries + keys) * channels))
    {
        Contenders = [Torch, TorchKept, TorchBf16],
        Bars = bars,
    };

    private static double Floats(double count) => count * sizeof(float);
}
