using PerCo.Engine.Imaging;
using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases;

/// <summary>
/// The captioner, stage by stage: picture → pixels → vision → Q-Former → prefix → logits. The reference's tokens are
/// fed back, so that one close call does not hide the rest.
/// </summary>
internal sealed class Blip2Case : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "blip2";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["io.safetensors", "model"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        using CaseModel model = context.OpenModel();
        var config = Blip2Config.Load(model.Folder);
        context.Part("pixels", () => ComparePixels(context, model.Folder));
        using var network = new Blip2Model(context.Backend, config, model.Weights);
        foreach (string suffix in context.Arrays.SuffixesOf("vision", "qformer", "prefix", "scores"))
        {
            context.Part($"vision{suffix}", () => RunStages(context, network, suffix));
        }
    }

    /// <summary>Compares logits, and the tokens that follow from them, with those of a reference caption.</summary>
    /// <param name="context">Where the results go.</param>
    /// <param name="suffix">Of the arrays <c>scores</c> and <c>tokens</c>.</param>
    /// <param name="scores">Our logits, [tokens − 1, vocabulary].</param>
    /// <param name="tokens">The reference's tokens.</param>
    /// <param name="gaps">By how much each of its choices beat the second best.</param>
    internal static void CompareTokens(
        CaseContext context, string suffix, float[] scores, int[] tokens, IReadOnlyList<double> gaps)
    {
        int vocabulary = scores.Length / Math.Max(1, tokens.Length - 1);
        int wrong = 0;
        int close = 0;
        for (int k = 0; k + 1 < tokens.Length; k++)
        {
            ReadOnlySpan<float> logits = scores.AsSpan(k * vocabulary, vocabulary);
            bool decisive = gaps[k] >= context.Tolerances.TokenGap;
            int best = System.Numerics.Tensors.TensorPrimitives.IndexOfMax(logits);
            wrong += decisive && best != tokens[k + 1] ? 1 : 0;
            close += decisive ? 0 : 1;
        }

        context.Add(
            $"tokens{suffix}", Measure.Differences, wrong, 0,
            close == 0 ? null : $"{close} of {tokens.Length - 1} too close to call");
    }

    private static void ComparePixels(CaseContext context, string modelFolder)
    {
        string[] images = context.Description.Strings("images", []);
        string folder = context.FileOf(context.Description.String("folder", "."));
        ConfigReader settings = ConfigReader.Load(Path.Combine(modelFolder, "preprocessor_config.json"));
        for (int i = 0; i < images.Length; i++)
        {
            string path = Path.Combine(folder, images[i]);
            if (!File.Exists(path))
            {
                context.Skip($"pixels{i}", $"the picture {images[i]} is missing");
                continue;
            }

            Image image = ImageFormats.Load(path);
            ComparePixels(context, $"pixels{i}", settings, image);
            if (i == 0)
            {
                // The published captioners' size, whatever this case's network has.
                ComparePixels(context, "pixels224", PublishedSettings(context), image);
            }
        }
    }

    private static void ComparePixels(CaseContext context, string array, ConfigReader settings, Image image)
    {
        if (context.Arrays.Has(array))
        {
            using Tensor pixels = Blip2ImageProcessor.Read(settings).Process(context.Backend, image);
            context.Compare(array, pixels);
        }
    }

    private static ConfigReader PublishedSettings(CaseContext context) => ConfigReader.Parse(
        context.FileOf("pixels224"), "{\"size\": {\"height\": 224, \"width\": 224}}"u8.ToArray());

    private static void RunStages(CaseContext context, Blip2Model network, string suffix)
    {
        if (!context.Requires($"vision{suffix}", $"pixels{suffix}"))
        {
            return;
        }

        using Tensor pixels = context.Arrays.Upload(context.Backend, $"pixels{suffix}");
        using Tensor picture = network.Look(pixels);
        context.Compare($"vision{suffix}", picture);
        using Tensor queries = network.Query(picture);
        context.Compare($"qformer{suffix}", queries);
        using Tensor prefix = network.Project(queries);
        context.Compare($"prefix{suffix}", prefix);
        if (!context.Arrays.Has($"scores{suffix}") || !context.Requires($"scores{suffix}", $"tokens{suffix}"))
        {
            return;
        }

        int[] tokens = context.Arrays.Indices($"tokens{suffix}");
        float[] scores = network.Score(prefix, tokens, context.Cancellation);
        context.Compare($"scores{suffix}", scores, context.Tolerances.Network);
        CompareTokens(context, suffix, scores, tokens, Gaps(context.Arrays[$"scores{suffix}"]));
    }

    private static double[] Gaps(HostTensor scores)
    {
        float[] values = scores.ToFloats();
        int vocabulary = scores.Shape.Channels;
        var gaps = new double[values.Length / vocabulary];
        for (int k = 0; k < gaps.Length; k++)
        {
            float best = float.NegativeInfinity;
            float second = float.NegativeInfinity;
            foreach (float logit in values.AsSpan(k * vocabulary, vocabulary))
            {
                second = MathF.Max(second, MathF.Min(best, logit));
                best = MathF.Max(best, logit);
            }

            gaps[k] = (double)best - second;
        }

        return gaps;
    }
}
