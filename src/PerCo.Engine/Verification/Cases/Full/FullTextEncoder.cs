using PerCo.Engine.Networks.ClipText;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification.Cases.Full;

/// <summary>CLIP's text encoder: ids → hidden states.</summary>
internal sealed class FullTextEncoder : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "text_encoder";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["io.safetensors", "model"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        using CaseModel model = context.OpenModel();
        using var encoder = new ClipTextEncoder(context.Backend, ClipTextConfig.Read(model.Config), model.Weights);
        using Tensor hidden = encoder.Forward(context.Arrays.Indices("ids"), context.Arrays.ShapeOf("ids")[0]);
        context.CompareSampled("hidden", hidden);
    }
}
