using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Conv2d = PerCo.Engine.Layers.Conv2d;

namespace PerCo.Engine.Networks.HyperEncoder;

/// <summary>
/// One branch's features let through by the sigmoid of another's, onto the input (Cheng et al. 2020, fig. 4; compressai
/// AttentionBlock).
/// </summary>
internal sealed class AttentionBlock
{
    private const int UnitsPerBranch = 3;

    private readonly ResidualBottleneckBlock[] _value;
    private readonly ResidualBottleneckBlock[] _gate;
    private readonly Conv2d _gateOut;

    public AttentionBlock(LayerScope scope, int channels)
    {
        _value = Units(scope["conv_a"], channels);
        _gate = Units(scope["conv_b"], channels);
        _gateOut = new Conv2d(scope["conv_b"][UnitsPerBranch], channels, channels, kernel: 1, bias: true);
    }

    /// <summary>[b, h, w, c] → [b, h, w, c].</summary>
    public Tensor Forward(Tensor x)
    {
        using Tensor value = Run(_value, x);
        using var gate = new HiddenState(Run(_gate, x));
        gate.Next(_gateOut.Forward(gate.Value));
        return x.Backend.SigmoidGate(x, value, gate.Value);
    }

    private static ResidualBottleneckBlock[] Units(LayerScope scope, int channels)
    {
        var units = new ResidualBottleneckBlock[UnitsPerBranch];
        for (int i = 0; i < units.Length; i++)
        {
            units[i] = new ResidualBottleneckBlock(scope[i]["conv"], channels, Activation.Relu);
        }

        return units;
    }

    private static Tensor Run(ResidualBottleneckBlock[] units, Tensor x)
    {
        using var hidden = new HiddenState(units[0].Forward(x));
        for (int i = 1; i < units.Length; i++)
        {
            hidden.Next(units[i].Forward(hidden.Value));
        }

        return hidden.Take();
    }
}
