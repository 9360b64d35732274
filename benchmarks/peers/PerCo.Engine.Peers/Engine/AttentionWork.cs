using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Peers.Engine;

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
