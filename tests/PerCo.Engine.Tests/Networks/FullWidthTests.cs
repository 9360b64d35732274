using PerCo.Engine.Backends;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tests.Backends;
using PerCo.Engine.Verification;
using PerCo.Engine.Weights;
using Xunit;

namespace PerCo.Engine.Tests.Networks;

/// <summary>
/// Text networks at published width, with synthetic weights. They take gigabytes and up to minutes, so they run where
/// the environment variable PERCO_FULL_TESTS is 1.
/// </summary>
public sealed class FullWidthTests
{
    // Sums are up to 200 times as long as in the small cases.
    private static readonly Tolerance FullWidth = new(3e-5, 1e-3);

    [SkippableFact]
    public void TextEncoderOfStableDiffusion21()
    {
        string folder = Folder("text_encoder");
        using SafetensorsFile io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        ClipTextConfig config =
            ClipTextConfig.Read(ConfigReader.Load(Path.Combine(folder, "model", "config.json")));
        var weights = NetworkCase.Weights(Path.Combine(folder, "model", "parameters.json"));
        using Backend backend = NetworkBackends.Create("cpu");
        using var encoder = new ClipTextEncoder(backend, config, weights);

        using Tensor hidden = encoder.Forward(NetworkGolden.Ints(io, "ids"), 2);

        // Every fourth position of each text: [2, 20, hidden].
        float[] values = hidden.ToFloats();
        var kept = new List<float>();
        for (int row = 0; row < 2 * config.MaxPositions; row++)
        {
            if (row % config.MaxPositions % 4 == 0)
            {
                kept.AddRange(values.AsSpan(row * config.HiddenSize, config.HiddenSize));
            }
        }

        FullWidth.Check(NetworkGolden.Floats(io, "hidden"), kept.ToArray());
    }

    [SkippableFact]
    public void Blip2WithOpt27b()
    {
        string folder = Folder("blip2");
        using SafetensorsFile io = SafetensorsFile.Open(Path.Combine(folder, "io.safetensors"));
        Blip2Config config = Blip2Config.Read(ConfigReader.Load(Path.Combine(folder, "model", "config.json")));
        var weights = NetworkCase.Weights(Path.Combine(folder, "model", "parameters.json"));
        using Backend backend = NetworkBackends.Create("cpu");
        using var model = new Blip2Model(backend, config, weights);
        var size = new Shape(1, 3, 224, 224);
        float[] input = Array.ConvertAll(SyntheticTensors.Tensor("dev/full.blip2.pixels", size), v => 2 * v);

        using Tensor pixels = NetworkCase.Upload(backend, size, input);
        using Tensor picture = model.Look(pixels);
        using Tensor queries = model.Query(picture);
        using Tensor prefix = model.Project(queries);
        int[] tokens = NetworkGolden.Ints(io, "tokens");

        // Every eighth token and channel; every 64th logit.
        float[] seen = picture.ToFloats();
        float[] kept = [.. seen.Where((_, i) => i / config.Vision.HiddenSize % 8 == 0 && i % 8 == 0)];
        FullWidth.Check(NetworkGolden.Floats(io, "vision"), kept);
        FullWidth.Check(NetworkGolden.Floats(io, "qformer"), queries.ToFloats());
        FullWidth.Check(
            NetworkGolden.Floats(io, "scores"), [.. model.Score(prefix, tokens).Where((_, i) => i % 64 == 0)]);
        Assert.Equal(tokens, model.Generate(prefix, tokens.Length));
    }

    private static string Folder(string name)
    {
        Skip.If(TestPaths.Shared is null, "The reference cases of full width are not beside the repository.");
        Skip.If(
            Environment.GetEnvironmentVariable("PERCO_FULL_TESTS") != "1",
            "Full width takes gigabytes and minutes; set PERCO_FULL_TESTS=1 to run it.");
        return Path.Combine(TestPaths.Shared, "goldens", "full", name);
    }
}
