using PerCo.Engine.Backends;
using PerCo.Engine.Tensors;
using PerCo.Engine.Verification;

namespace PerCo.Engine.Peers.Engine;

/// <summary>A piece of work with its operands and weights, ready to be run again and again.</summary>
internal abstract class EngineWork : IDisposable
{
    /// <summary>How it is computed, for the table.</summary>
    public virtual string Detail => "";

    /// <summary>Prepares what a line asks for.</summary>
    /// <exception cref="FormatException">A line that is none of the catalogue's.</exception>
    public static EngineWork Prepare(WorkLine line, Backend backend) => line.Op switch
    {
        "linear" => new LinearWork(line, backend),
        "conv2d" => new Conv2dWork(line, backend),
        "attention" => new AttentionWork(line, backend),
        "unet" => new UNetWork(line, backend),
        "vae" => new VaeWork(line, backend),
        "token" => new TokenWork(line, backend),
        "decode" => new DecodeWork(line, backend),
        _ => throw new FormatException($"'{line.Op}' is no op that is compared."),
    };

    /// <summary>Does it once.</summary>
    public virtual void Run() => Compute().Dispose();

    /// <summary>Does it once and returns the values in the original layout, channels outermost.</summary>
    public virtual float[] Result()
    {
        using Tensor result = Compute();
        return PlanarLayout.ToPlanar(result.Shape, result.ToFloats());
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Dispose(true);
        GC.SuppressFinalize(this);
    }

    /// <summary>Frees operands and weights.</summary>
    protected abstract void Dispose(bool disposing);

    /// <summary>Does it once.</summary>
    protected abstract Tensor Compute();

    /// <summary>An input by name, the same in all peers: channels outermost in the shape, innermost here.</summary>
    protected static Tensor Input(Backend backend, string name, Shape planar, float scale = 1)
    {
        float[] values = SyntheticTensors.Tensor($"peers/{name}", planar);
        for (int i = 0; i < values.Length; i++)
        {
            values[i] *= scale;
        }

        return backend.Upload(PlanarLayout.ToChannelsLast(planar), PlanarLayout.ToChannelsLast(planar, values));
    }

    /// <summary>A weight by name, the same in all peers.</summary>
    protected static HostTensor Weight(string name, params ReadOnlySpan<int> extents)
    {
        var shape = new Shape(extents);
        return HostTensor.FromFloats(name, shape, SyntheticTensors.Parameter($"peers/{name}", shape));
    }
}
