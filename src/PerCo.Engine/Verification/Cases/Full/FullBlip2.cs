using PerCo.Engine.Networks.Blip2;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification.Cases.Full;

/// <summary>BLIP-2: pixels → vision → Q-Former → logits, with the reference's tokens fed back.</summary>
internal sealed class FullBlip2 : CaseKind
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
        using var network = new Blip2Model(context.Backend, config, model.Weights);
        using Tensor pixels = context.Input(context.Description.Section("inputs"), "pixels");
        using Tensor picture = network.Look(pixels);
        context.CompareSampled("vision", picture);
        using Tensor queries = network.Query(picture);
        context.CompareSampled("qformer", queries);
        using Tensor prefix = network.Project(queries);
        if (!context.Requires("scores", "tokens"))
        {
            return;
        }

        int[] tokens = context.Arrays.Indices("tokens");
        float[] scores = network.Score(prefix, tokens, context.Cancellation);
        context.CompareSampled("scores", new Shape(1, tokens.Length - 1, config.Text.VocabularySize), scores);
        double[] gaps = context.Description.Doubles("gaps", [], 0, count: tokens.Length - 1);
        if (gaps.Length > 0)
        {
            Blip2Case.CompareTokens(context, "", scores, tokens, gaps);
        }
    }
}
