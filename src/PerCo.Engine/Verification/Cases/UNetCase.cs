using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Verification.Cases;

/// <summary>PerCo's U-Net: sample, timestep, context and local features → out; taps belong to the first.</summary>
internal sealed class UNetCase : CaseKind
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
        var taps = new TapComparer(context);
        string[] suffixes = [.. context.Arrays.SuffixesOf("out")];
        foreach (string suffix in suffixes)
        {
            unet.Tap = suffix == suffixes[0] ? taps.Compare : null;
            context.Part($"out{suffix}", () => Predict(context, unet, suffix));
        }

        taps.ReportRest();
    }

    private static void Predict(CaseContext context, UNet unet, string suffix)
    {
        string output = $"out{suffix}";
        if (!context.Requires(output, $"sample{suffix}") || !context.Requires(output, $"context{suffix}")
            || !context.Requires(output, $"local{suffix}") || !context.Requires(output, $"timestep{suffix}"))
        {
            return;
        }

        using Tensor sample = context.Arrays.Upload(context.Backend, $"sample{suffix}");
        using Tensor text = context.Arrays.Upload(context.Backend, $"context{suffix}");
        using Tensor local = context.Arrays.Upload(context.Backend, $"local{suffix}");
        float[] timesteps = Timesteps(context.Arrays[$"timestep{suffix}"], sample.Shape.Batch);
        using UNetConditions conditions = unet.Prepare(text, local, sample.Shape.Height, sample.Shape.Width);
        using Tensor prediction = unet.Forward(sample, timesteps, conditions);
        context.Compare(output, prediction);
    }

    // One for the whole batch or one for each entry; whole numbers or, as Euler's are, fractional ones.
    private static float[] Timesteps(HostTensor array, int batch)
    {
        float[] values = array.Type is ElementType.Int64 or ElementType.Int32
            ? Array.ConvertAll(array.ToInt64s(), value => (float)value)
            : array.ToFloats();
        if (values.Length == 1)
        {
            var same = new float[batch];
            Array.Fill(same, values[0]);
            return same;
        }

        return values;
    }
}
