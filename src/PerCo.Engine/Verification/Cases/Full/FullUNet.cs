using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;
using PerCo.Engine.Weights;

namespace PerCo.Engine.Verification.Cases.Full;

/// <summary>PerCo's U-Net on synthetic samples, contexts and local features.</summary>
internal sealed class FullUNet : CaseKind
{
    /// <inheritdoc/>
    public override string Name => "unet";

    /// <inheritdoc/>
    public override IReadOnlyList<string> Needs => ["io.safetensors", "model"];

    /// <inheritdoc/>
    public override void Run(CaseContext context)
    {
        using CaseModel model = context.OpenModel();
        using var unet = new UNet(context.Backend, UNetConfig.Read(model.Config), model.Weights);
        foreach (string suffix in context.Description.Names)
        {
            context.Part($"out{suffix}", () => Predict(context, unet, suffix));
        }
    }

    private static void Predict(CaseContext context, UNet unet, string suffix)
    {
        if (!context.Requires($"out{suffix}", $"out{suffix}"))
        {
            return;
        }

        ConfigReader description = context.Description.Section(suffix);
        ConfigReader inputs = description.Section("inputs");
        using Tensor sample = context.Input(inputs, "sample");
        using Tensor text = context.Input(inputs, "context");
        using Tensor local = context.Input(inputs, "local");
        float timestep = description.Float("timestep", 0, 0, 1e6f);
        using UNetConditions conditions = unet.Prepare(text, local, sample.Shape.Height, sample.Shape.Width);
        using Tensor prediction = unet.Forward(sample, timestep, conditions);
        context.CompareSampled($"out{suffix}", prediction);
    }
}
