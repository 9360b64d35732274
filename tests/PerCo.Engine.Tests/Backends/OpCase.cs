using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Trials;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Tests.Backends;

/// <summary>
/// What one run of a case needs: the backend, and operands whose values follow from their names, so that both
/// backends get the same. Frees them in the end.
/// </summary>
/// <param name="backend">The backend to run on.</param>
/// <param name="stored">A value as activations are stored; null where they are fp32.</param>
public sealed class OpCase(Backend backend, Func<float, float>? stored = null) : IDisposable
{
    private readonly List<IDisposable> _owned = [];

    /// <summary>The backend to run on.</summary>
    public Backend Backend => backend;

    /// <inheritdoc cref="TrialOperands.Values"/>
    public static float[] Values(string name, long count, float scale = 1) => TrialOperands.Values(name, count, scale);

    /// <summary>An activation with values spread over ±scale.</summary>
    public Tensor Random(Shape shape, string name, float scale = 1) => Upload(shape, Values(name, shape.Count, scale));

    /// <summary>An activation with the given values.</summary>
    public Tensor Upload(Shape shape, float[] values) =>
        Own(backend.Upload(shape, stored is null ? values : [.. values.Select(stored)]));

    /// <summary>The same in memory that cannot be read beyond its end. Only host backends compute on it.</summary>
    internal unsafe Tensor RandomGuarded(Shape shape, string name)
    {
        float[] values = Values(name, shape.Count);
        if (backend is not HostBackend host)
        {
            return Upload(shape, values);
        }

        // Never disposed of: the memory is not the arena's.
        GuardedMemory memory = Own(new GuardedMemory(values));
        return new Tensor(backend, shape, new HostStorage(host.Arena, memory.Values, shape.Count, 0));
    }

    /// <summary>A weight with values spread over ±scale.</summary>
    public static HostTensor Weight(Shape shape, string name, float scale = 1) =>
        HostTensor.FromFloats(name, shape, Values(name, shape.Count, scale));

    /// <summary>Frees something when the run ends.</summary>
    public T Own<T>(T resource)
        where T : IDisposable
    {
        _owned.Add(resource);
        return resource;
    }

    public void Dispose()
    {
        for (int i = _owned.Count - 1; i >= 0; i--)
        {
            _owned[i].Dispose();
        }

        _owned.Clear();
    }
}
