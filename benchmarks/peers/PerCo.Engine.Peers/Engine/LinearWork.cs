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
