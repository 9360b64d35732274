using System.Text.Json;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Codec;
using PerCo.Engine.Imaging;
using PerCo.Engine.Tests.Cli;
using Xunit;

namespace PerCo.Engine.Tests.Codec;

/// <summary>What is predicted against what is taken.</summary>
public sealed class MemoryPlanTests : IDisposable
{
    private readonly CpuBackend _backend = new();
    private readonly PerCoModel _model;

    public MemoryPlanTests() => _model = PerCoModel.Open(TestPaths.DefaultModel, _backend);

    public void Dispose()
    {
        _model.Dispose();
        _backend.Dispose();
    }

    [Theory]
    [InlineData(320, 200, 128)]
    [InlineData(512, 384, 128)]
    [InlineData(448, 640, 32)]
    public void Activations_are_predicted_within_15_percent(int width, int height, int window)
    {
        EncodeResult encoded = new PerCoEncoder(_model).Encode(
            TestPictures.Meadow(width, height), new EncodeOptions { Caption = "" });
        MemoryPlan encoding = Encoding(width, height, 4L << 30);
        var options = new DecodeOptions { Steps = 1, Guidance = 2, LatentWindow = window };
        DecodeResult decoded = new PerCoDecoder(_model).Decode(encoded.File, options);
        MemoryPlan decoding = MemoryPlanner.ForDecoding(
            _model, [new DecodeRequest(encoded.File)], options with { MemoryLimit = 4L << 30 })!;
        Assert.InRange((double)encoding.Activations / Peak(encoded.Stages), 1, 1.15);
        Assert.InRange((double)decoding.Activations / Peak(decoded.Stages), 1, 1.15);

        static long Peak(IEnumerable<StageReport> stages) => stages.Max(stage => stage.PeakBytes);
    }

    /// <summary>Nothing changes where it suffices; a limit that is set counts, not this.</summary>
    [Fact]
    public void Without_a_limit_what_the_system_has_counts()
    {
        var options = new EncodeOptions { Caption = "" };
        MemoryPlan unlimited = Encoding(64, 64, 4L << 30);
        _model.SystemMemory = 1L << 40;
        Assert.Null(MemoryPlanner.ForEncoding(_model, 64, 64, options));
        _model.SystemMemory = unlimited.Least;
        Assert.True(MemoryPlanner.ForEncoding(_model, 64, 64, options)!.IsUsual);
        _model.SystemMemory = unlimited.Least - (1 << 20);
        MemoryPlan scarce = MemoryPlanner.ForEncoding(_model, 64, 64, options)!;
        Assert.True(unlimited.KeepsNetworks && !scarce.KeepsNetworks && !scarce.IsUsual);
        Assert.InRange(scarce.Least, 1, _model.SystemMemory);
        Assert.Contains("what this system has: networks are freed", scarce.Notice, StringComparison.Ordinal);

        // Rounded weights would fit, but change pixels.
        MemoryPlan least = Encoding(64, 64, scarce.Least);
        _model.SystemMemory = Refused(scarce.Least);
        Assert.Throws<PerCoException>(() => MemoryPlanner.ForEncoding(_model, 64, 64, options));
        Assert.Equal(WeightPrecision.Fp16, Encoding(64, 64, _model.SystemMemory).Weights.Precision);
        Assert.NotEqual(WeightPrecision.Fp16, least.Weights.Precision);

        _model.SystemMemory = 1 << 20;
        var error = Assert.Throws<PerCoException>(() => MemoryPlanner.ForEncoding(_model, 64, 64, options));
        Assert.Contains("more than the 1 MiB that this system has", error.Message, StringComparison.Ordinal);
        Assert.Equal([Remedy.MemoryLimit], error.Remedies);
        Assert.True(Encoding(64, 64, 4L << 30).KeepsNetworks);

        // The first limit below the least that exact weights take.
        long Refused(long limit)
        {
            while (Encoding(64, 64, limit).Weights.Precision != WeightPrecision.Fp16)
            {
                limit -= 1 << 20;
            }

            return limit;
        }
    }

    [Fact]
    public void Nothing_is_planned_where_no_network_runs()
    {
        var options = new EncodeOptions { Caption = "a dog", Codes = false, MemoryLimit = 1 << 20 };
        Assert.Null(MemoryPlanner.ForEncoding(_model, 8192, 8192, options));
        PerCoFile file = new PerCoEncoder(_model).Encode(TestPictures.Meadow(64, 64), options).File;
        Assert.Equal("a dog", file.Caption);
    }

    /// <summary>The cache of Hugging Face's tools has links where other folders have files.</summary>
    [SkippableFact]
    public void Weights_behind_links_count()
    {
        Skip.If(OperatingSystem.IsWindows(), "Links need rights on Windows.");
        using var folder = new TemporaryFolder();
        foreach (string file in Directory.GetFiles(TestPaths.DefaultModel, "*", SearchOption.AllDirectories))
        {
            string link = folder.File(Path.GetRelativePath(TestPaths.DefaultModel, file));
            Directory.CreateDirectory(Path.GetDirectoryName(link)!);
            System.IO.File.CreateSymbolicLink(link, file);
        }

        using PerCoModel linked = PerCoModel.Open(folder.Path, _backend);
        Assert.Equal(_model.Folder.WeightBytes, linked.Folder.WeightBytes);
        Assert.InRange(linked.Folder.WeightBytes, 1L << 20, long.MaxValue);
    }

    [Fact]
    public void Large_pictures_fit_into_6_GiB()
    {
        PerCoFile file = File(64, 64) with
        {
            Width = 4000, Height = 3000, Indices = new int[250 * 188],
        };
        MemoryPlan encoding = MemoryPlanner.ForEncoding(
            _model, 4000, 3000, new EncodeOptions { MemoryLimit = 6L << 30 })!;
        MemoryPlan decoding = MemoryPlanner.ForDecoding(
            _model, [new DecodeRequest(file)], new DecodeOptions { MemoryLimit = 6L << 30, Guidance = 2 })!;
        Assert.InRange(encoding.Least, 1L << 30, 4L << 30);
        Assert.InRange(decoding.Least, 2L << 30, 6L << 30);
        Assert.True(encoding.KeepsNetworks && decoding.KeepsNetworks);
    }

    /// <summary>A folder of pictures of one size is planned once; another size, limit or work by itself.</summary>
    [Fact]
    public void A_plan_is_made_once()
    {
        using var backend = new CpuBackend();
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        var options = new EncodeOptions { Caption = "", MemoryLimit = 4L << 30 };
        MemoryPlan plan = MemoryPlanner.ForEncoding(model, 64, 64, options)!;
        Assert.Same(plan, MemoryPlanner.ForEncoding(model, 64, 64, options with { Caption = "a dog" }));
        Assert.NotSame(plan, MemoryPlanner.ForEncoding(model, 80, 64, options));
        Assert.NotSame(plan, MemoryPlanner.ForEncoding(model, 64, 64, options with { MemoryLimit = 2L << 30 }));
        Assert.NotSame(plan, MemoryPlanner.ForEncoding(model, 64, 64, options with { Caption = null }));

        PerCoFile file = PerCoFileTests.Sample(64, 64, model.Grid(model.Folder.Rates[0]));
        var decode = new DecodeOptions { MemoryLimit = 4L << 30, AnyModel = true };
        MemoryPlan one = MemoryPlanner.ForDecoding(model, [new DecodeRequest(file)], decode)!;
        Assert.Same(one, MemoryPlanner.ForDecoding(model, [new DecodeRequest(file, Seed: 2)], decode));
        DecodeRequest[] two = [new DecodeRequest(file), new DecodeRequest(file)];
        Assert.NotSame(one, MemoryPlanner.ForDecoding(model, two, decode));
    }

    [Theory]
    [InlineData(WeightPrecision.Auto, long.MaxValue)]
    [InlineData(WeightPrecision.Auto, 0)]
    [InlineData(WeightPrecision.Fp16, 0)]
    [InlineData(WeightPrecision.Int8, 0)]
    public void Weights_are_counted(WeightPrecision precision, long transformed)
    {
        using var backend = new CpuBackend(new CpuOptions
        {
            Weights = precision, TransformedWeightMemory = transformed, Threads = 2,
        });
        using PerCoModel model = PerCoModel.Open(TestPaths.DefaultModel, backend);
        ModelNetworks networks = model.Networks;
        networks.Vae.LoadEncoder();
        long expected = networks.Vae.WeightBytes + networks.HyperEncoder(model.Folder.NearestRate(null)).WeightBytes;
        MemoryPlan plan = MemoryPlanner.ForEncoding(
            model, 64, 64, new EncodeOptions { Caption = "", MemoryLimit = 4L << 30 })!;
        Assert.InRange((double)plan.Stages[^1].Weights / expected, 1, 1.1);
        Assert.Equal(precision, plan.Weights.Precision);
        Assert.Equal(transformed == 0, plan.KeptConvs == 0);
        Assert.Equal(transformed != 0, plan.TransientConvs == 0);
    }

    [Fact]
    public void Less_memory_gives_up_speed_and_no_pixel()
    {
        // Kept networks, then transformed weights, then fp32 weights, of which an fp16 model loses nothing.
        PerCoFile file = File(128, 96);
        MemoryPlan? last = null;
        var seen = new HashSet<(bool Keeps, bool Transient, WeightPrecision Precision)>();
        byte[] pixels = Decode(null);
        for (long limit = 600L << 20; ; limit -= 4 << 20)
        {
            MemoryPlan plan;
            try
            {
                plan = MemoryPlanner.ForDecoding(
                    _model, [new DecodeRequest(file)], new DecodeOptions { MemoryLimit = limit })!;
            }
            catch (PerCoException)
            {
                break;
            }

            Assert.True(plan.Total <= limit);
            Assert.All(plan.Stages, stage => Assert.True(plan.ArenaLimit(stage.Stage) >= stage.Activations));
            if (seen.Add((plan.KeepsNetworks, plan.TransientConvs > 0, plan.Weights.Precision)))
            {
                Assert.Equal(pixels, Decode(limit));
                last = plan;
            }
        }

        Assert.Equal(
            [
                (true, false, WeightPrecision.Auto), (false, false, WeightPrecision.Auto),
                (false, true, WeightPrecision.Auto),
            ],
            seen.Where(way => way.Precision == WeightPrecision.Auto));
        Assert.Equal((0, WeightPrecision.Fp16), (last!.KeptConvs, last.Weights.Precision));
        Assert.Equal(pixels, Decode(null));

        byte[] Decode(long? limit) => new PerCoDecoder(_model).Decode(
            file, new DecodeOptions { Steps = 1, MemoryLimit = limit }).Image.Pixels;
    }

    [SkippableTheory]
    [InlineData(320)]
    [InlineData(600)]
    public void The_whole_process_stays_within_the_plan(int mebibytes)
    {
        Skip.IfNot(OperatingSystem.IsLinux(), "The peak of another process is read from Linux.");
        using var folder = new TemporaryFolder();
        string picture = folder.Picture("p.png", 512, 384);
        var demo = CliProcess.Run(
            "demo", picture, "-o", folder.File("out"), "--caption", "", "--steps", "2", "--json", "--memory",
            $"{mebibytes}MiB");
        Assert.True(demo.ExitCode == 0, demo.Error);
        using JsonDocument json = JsonDocument.Parse(demo.Output);
        long peak = json.RootElement.GetProperty("peakMemory").GetInt64();
        long limit = (long)mebibytes << 20;
        PerCoFile file = PerCoFile.Load(folder.File("out/p.perco"));
        long planned = Math.Max(
            Encoding(512, 384, limit).Total,
            MemoryPlanner.ForDecoding(
                    _model, [new DecodeRequest(file)], new DecodeOptions { MemoryLimit = limit })!.Total);
        Assert.InRange((double)peak / planned, 0.5, 1);
    }

    [Fact]
    public void A_limit_that_is_too_low_is_refused_before_anything_runs()
    {
        Image image = TestPictures.Meadow(100, 80);
        var encode = new EncodeOptions { Caption = "", MemoryLimit = 1 << 20 };
        PerCoException e = Assert.Throws<PerCoException>(() => new PerCoEncoder(_model).Encode(image, encode));
        Assert.Contains("Encoding 100x80 pixels takes at least ", e.Message, StringComparison.Ordinal);
        Assert.Contains("limit of 1 MiB", e.Message, StringComparison.Ordinal);
        Assert.Equal(0, _backend.Arena.SystemAllocations);

        // What the message asks for is enough.
        long least = long.Parse(e.Message.Split("at least ")[1].Split(' ')[0], null);
        PerCoFile file = new PerCoEncoder(_model).Encode(image, encode with { MemoryLimit = least << 20 }).File;
        var decode = new DecodeOptions { Steps = 1, MemoryLimit = 1 << 20 };
        e = Assert.Throws<PerCoException>(() => new PerCoDecoder(_model).Decode(file, decode));
        Assert.Contains("Decoding 100x80 pixels takes at least ", e.Message, StringComparison.Ordinal);
        Assert.Equal(
            new PerCoDecoder(_model).Decode(file, decode with { MemoryLimit = null }).Image.Pixels,
            new PerCoDecoder(_model).Decode(file, decode with { MemoryLimit = 4L << 30 }).Image.Pixels);
        Assert.Throws<ArgumentOutOfRangeException>(
            () => new PerCoDecoder(_model).Decode(file, decode with { MemoryLimit = 0 }));
    }

    [Fact]
    public void The_plan_is_a_table()
    {
        string text = Encoding(64, 48, 1L << 30).ToString();
        Assert.StartsWith("Encoding 64x48 pixels within 1024 MiB is planned to take at most ", text,
            StringComparison.Ordinal);
        foreach (string part in (string[])["latent ", "codes ", "picture 1 MiB", "networks stay loaded"])
        {
            Assert.Contains(part, text, StringComparison.Ordinal);
        }
    }

    private MemoryPlan Encoding(int width, int height, long limit) => MemoryPlanner.ForEncoding(
        _model, width, height, new EncodeOptions { Caption = "", MemoryLimit = limit })!;

    private PerCoFile File(int width, int height) => new PerCoEncoder(_model).Encode(
        TestPictures.Meadow(width, height), new EncodeOptions { Caption = "" }).File;
}
