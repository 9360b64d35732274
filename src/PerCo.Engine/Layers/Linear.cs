using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>A matrix product over channels with the checkpoint's <c>weight</c> [out, in] and <c>bias</c> [out].</summary>
public sealed class Linear
{
    private readonly LinearWeights _weights;

    /// <summary>Prepares the weights below <paramref name="scope"/>; a weight [out, in, 1, 1] is taken as [out, in].</summary>
    /// <param name="scope">Where <c>weight</c> and, where there is one, <c>bias</c> lie.</param>
    /// <param name="inputs">Input features.</param>
    /// <param name="outputs">Output features before the activation.</param>
    /// <param name="activation">Applied to the result.</param>
    public Linear(LayerScope scope, int inputs, int outputs, Activation activation = Activation.None)
        : this(
            scope,
            Matrix(scope, inputs, outputs),
            scope.Weights.Has("bias") ? scope.Weights.Get("bias", new Shape(outputs)) : null,
            activation)
    {
    }

    /// <summary>Prepares weights that were taken from the checkpoint already: several stacked projections, say.</summary>
    public Linear(LayerScope scope, HostTensor weight, HostTensor? bias, Activation activation = Activation.None)
    {
        var spec = new LinearSpec(weight.Shape[1], weight.Shape[0], activation);
        _weights = scope.Own(scope.Backend.PrepareLinear(spec, weight, bias));
    }

    /// <summary>[.., in] → [.., out], plus <paramref name="residual"/>.</summary>
    public Tensor Forward(Tensor x, Tensor? residual = null) => x.Backend.Linear(x, _weights, residual);

    /// <summary>
    /// Several projections of the same input as one: <paramref name="names"/> below <paramref name="scope"/>, each
    /// [outputs, inputs], side by side in the result. Missing biases count as zero where any has one.
    /// </summary>
    public static Linear Fused(LayerScope scope, int inputs, int outputs, params ReadOnlySpan<string> names)
    {
        var weights = new HostTensor[names.Length];
        var biases = new HostTensor[names.Length];
        bool anyBias = false;
        for (int i = 0; i < names.Length; i++)
        {
            LayerScope part = scope[names[i]];
            weights[i] = Matrix(part, inputs, outputs);
            bool hasBias = part.Weights.Has("bias");
            anyBias |= hasBias;
            biases[i] = hasBias
                ? part.Weights.Get("bias", new Shape(outputs))
                : HostTensor.FromFloats("no bias", new Shape(outputs), new float[outputs]);
        }

        return new Linear(scope, HostTensor.Stack(weights), anyBias ? HostTensor.Stack(biases) : null);
    }

    private static HostTensor Matrix(LayerScope scope, int inputs, int outputs)
    {
        HostTensor weight = scope.Weights.Get("weight");
        if (weight.Shape == new Shape(outputs, inputs, 1, 1))
        {
            return new HostTensor(weight.Name, weight.Type, new Shape(outputs, inputs), weight.Bytes);
        }

        return scope.Weights.Get("weight", new Shape(outputs, inputs));
    }
}
