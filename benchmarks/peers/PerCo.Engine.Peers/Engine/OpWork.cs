using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Peers.Engine;

/// <summary>x·Wᵀ + bias.</summary>
internal sealed class LinearWork : EngineWork
{
    private readonly Backend _backend;
    private readonly LinearWeights _weights;
    private readonly Tensor _x;

    public LinearWork(WorkLine line, Backend backend)
    {
        int rows = line.Int("rows"), inputs = line.Int("inputs"), outputs = line.Int("outputs");
        _backend = backend;
        _weights = backend.PrepareLinear(
            new LinearSpec(inputs, outputs), Weight("weight", outputs, inputs), Weight("bias", outputs));
        _x = Input(backend, "x", new Shape(1, rows, inputs));
    }

    protected override Tensor Compute() => _backend.Linear(_x, _weights);

    protected override void Dispose(bool disposing)
    {
        _x.Dispose();
        _weights.Dispose();
    }
}

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
                // As the U-Net's lowest resolution says of itself.
                FewPositions = height * width <= 64,
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

/// <summary>softmax(q kᵀ / √channels) v of each head.</summary>
internal sealed class AttentionWork : EngineWork
{
    private readonly Backend _backend;
    private readonly Tensor _q;
    private readonly Tensor _k;
    private readonly Tensor _v;
    private readonly AttentionSpec _spec;

    public AttentionWork(WorkLine line, Backend backend)
    {
        int heads = line.Int("heads"), channels = line.Int("channels");
        _backend = backend;
        _q = Input(backend, "q", new Shape(1, line.Int("queries"), heads * channels), 3);
        _k = Input(backend, "k", new Shape(1, line.Int("keys"), heads * channels));
        _v = Input(backend, "v", new Shape(1, line.Int("keys"), heads * channels));
        _spec = new AttentionSpec(heads, 1 / MathF.Sqrt(channels));
    }

    protected override Tensor Compute() => _backend.Attention(_q, _k, _v, _spec);

    protected override void Dispose(bool disposing)
    {
        _q.Dispose();
        _k.Dispose();
        _v.Dispose();
    }
}
