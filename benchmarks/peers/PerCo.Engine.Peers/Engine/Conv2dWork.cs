using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Peers.Engine;

/// <summary>A convolution with bias, whose input may be up-sampled twofold.</summary>
internal sealed class Conv2dWork : EngineWork
{
    private readonly Backend _backend;
    private readonly ConvWeights _weights;
    private readonly Tensor _x;
    private readonly Conv2dOperands _operands;

    public Conv2dWork(WorkLine line, Backend backend)
    {
        int height = line.Int("height"), width = line.Int("width"), up = line.Int("up", 1);
        int inputs = line.Int("inputs"), outputs = line.Int("outputs");
        int kernel = line.Int("kernel", 3), stride = line.Int("stride", 1);
        _backend = backend;
        _operands = up == 1 ? default : new Conv2dOperands { UpsampleHeight = height, UpsampleWidth = width };
        _weights = backend.PrepareConv2d(
            new Conv2dSpec(inputs, outputs, kernel, kernel, stride, Padding.All(kernel / 2))
            {
                // As the U-Net says of its lowest resolution, and of its layers that up-sample.
                FewPositions = height * width <= 64,
                Doubles = up == 2,
            },
            Weight("weight", outputs, inputs, kernel, kernel), Weight("bias", outputs));
        _x = Input(backend, "x", new Shape(1, inputs, height / up, width / up));
    }

    protected override Tensor Compute() => _backend.Conv2d(_x, _weights, _operands);

    protected override void Dispose(bool disposing)
    {
        _x.Dispose();
        _weights.Dispose();
    }
}
