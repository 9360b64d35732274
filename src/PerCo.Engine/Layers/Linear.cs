using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Layers;

/// <summary>
/// A matrix product over channels with the checkpoint's <c>weight</c> [out, in] and <c>bias</c> [out].
/// </summary>
internal sealed class Linear
{
    private readonly LinearWeights _weights;

    /// <summary>Prepares the weights below a scope; a weight [out, in, 1, 1] is taken as [out, in].</summary>
    /// <param name="scope">Where <c>weight</c> and, where there is one, <c>bias</c> lie.</param>
    /// <param name="inputs">Input features.</param>
    /// <param name="outputs">Output features before the activation.</param>
    /// <param name="activation">Applied to the result.</param>
    /// <param name="bias">Whether a bias must be there, or must not; null takes it where there is one.</param>
    /// <exception cref="PerCoException">A tensor that must be there is missing, or has another shape.</exception>
    public Linear(
        LayerScope scope, int inputs, int outputs, Activation activation = Activation.None, bool? bias = null)
        : this(scope, Matrix(scope, inputs, outputs), Bias(scope, outputs, bias), activation)
    {
    }

    /// <summary>Prepares weights that were taken from the checkpoint already: stacked projections, say.</summary>
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
    public static Linear Fused(LayerScope scope, int inputs, int outputs, params ReadOnlySpan<string> names) =>
        Fused(scope, inputs, outputs, bias: null, names);

    /// <inheritdoc cref="Fused(LayerScope, int, int, ReadOnlySpan{string})"/>
    /// <param name="scope">Where the projections lie.</param>
    /// <param name="inputs">Input features of each.</param>
    /// <param name="outputs">Output features of each.</param>
    /// <param name="bias">Whether all must have a bias, or none may; null takes them where they are.</param>
    /// <param name="names">The projections, in the order of the result's features.</param>
    public static Linear Fused(
        LayerScope scope, int inputs, int outputs, bool? bias, params ReadOnlySpan<string> names)
    {
        var weights = new HostTensor[names.Length];
        var biases = new HostTensor[names.Length];
        bool anyBias = false;
        for (int i = 0; i < names.Length; i++)
        {
            LayerScope part = scope[names[i]];
            weights[i] = Matrix(part, inputs, outputs);
            HostTensor? partBias = Bias(part, outputs, bias);
            anyBias |= partBias is not null;
            biases[i] = partBias ?? HostTensor.FromFloats("no bias", new Shape(outputs), new float[outputs]);
        }

        return new Linear(scope, HostTensor.Stack(weights), anyBias ? HostTensor.Stack(biases) : null);
    }

    private static HostTensor? Bias(LayerScope scope, int outputs, bool? bias) =>
        bias ?? scope.Weights.Has("bias") ? scope.Weights.Get("bias", new Shape(outputs)) : null;

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
