using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Layers;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Layers;

/// <summary>Who owns the memory of a chain of results.</summary>
public sealed class HiddenStateTests
{
    private static readonly Shape One = new(1, 1);

    [Fact]
    public void EachResultFreesTheOneBefore()
    {
        using var backend = new ReferenceBackend();
        using var hidden = new HiddenState(backend.Allocate(One));
        long one = backend.MemoryInUse;
        for (int i = 0; i < 3; i++)
        {
            hidden.Next(backend.Allocate(One));
            Assert.Equal(one, backend.MemoryInUse);
        }
    }

    [Fact]
    public void WhatIsTakenOutlivesTheChainAndTheRestDoesNot()
    {
        using var backend = new ReferenceBackend();
        Tensor taken;
        using (var hidden = new HiddenState(backend.Allocate(One)))
        {
            taken = hidden.Take();
            Assert.Throws<ObjectDisposedException>(() => hidden.Value);
        }

        Assert.Single(taken.ToFloats());
        taken.Dispose();
        new HiddenState(backend.Allocate(One)).Dispose();
        Assert.Equal(0, backend.MemoryInUse);
    }
}
