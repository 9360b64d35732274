using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Reference;

public unsafe partial class ReferenceBackend
{
    /// <inheritdoc/>
    private protected override void LinearCore(Tensor x, LinearWeights weights, Tensor? residual, Tensor result)
    {
        var w = (ReferenceLinearWeights)weights;
        LinearSpec spec = w.Spec;
        int features = spec.ResultFeatures;
        for (long row = 0; row < x.Shape.Rows; row++)
        {
            float* input = x.Values() + row * spec.Inputs;
            for (int o = 0; o < features; o++)
            {
                double value = Row(w, input, o);
                if (spec.Activation == Activation.Geglu)
                {
                    value *= Apply(Activation.Gelu, Row(w, input, o + features));
                }
                else
                {
                    value += residual is null ? 0 : residual.Values()[row * features + o];
                    value = Apply(spec.Activation, value);
                }

                result.Values()[row * features + o] = (float)value;
            }
        }
    }

    private static double Row(ReferenceLinearWeights w, float* input, int output)
    {
        double sum = w.Bias is null ? 0 : w.Bias[output];
        for (int i = 0; i < w.Spec.Inputs; i++)
        {
            sum += (double)input[i] * w.Weight[(long)output * w.Spec.Inputs + i];
        }

        return sum;
    }
}
