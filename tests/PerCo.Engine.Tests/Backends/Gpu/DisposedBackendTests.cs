using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>A backend that its program has disposed of already.</summary>
[Collection(OpenClCollection.Name)]
public sealed class DisposedBackendTests(OpenClFp32Fixture fixture)
{
    [SkippableFact]
    public void It_says_so()
    {
        Assert.NotNull(fixture.Backend);
        var backend = GpuBackend.Open("opencl", null, new GpuOptions { Check = false });
        backend.Dispose();
        backend.Dispose();
        var weight = HostTensor.FromFloats("w", new Shape(1, 1), [3]);
        Assert.Throws<ObjectDisposedException>(() => backend.Allocate(new Shape(1, 1)));
        Assert.Throws<ObjectDisposedException>(() => backend.PrepareLinear(new LinearSpec(1, 1), weight, null));
        Assert.Throws<ObjectDisposedException>(() => backend.PrepareEmbedding(weight));
    }
}
