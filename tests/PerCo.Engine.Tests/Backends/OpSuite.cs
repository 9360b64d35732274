using PerCo.Engine.Backends;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Backends;

/// <summary>Base of the op suites: runs the same case on the backend under test and on the reference.</summary>
public abstract class OpSuite(BackendFixture fixture)
{
    /// <summary>The backend under test.</summary>
    protected Backend Backend => fixture.Backend;

    /// <summary>What it is compared with.</summary>
    protected ReferenceBackend Reference => fixture.Reference;

    /// <summary>
    /// Runs a case on both backends and compares the results. On a host backend the case runs twice, the second time in
    /// memory full of NaN: what is read before it is written, or written beyond the result's end, fails.
    /// </summary>
    protected void Compare(Tolerance tolerance, Func<OpCase, Tensor> run)
    {
        (Shape expectedShape, float[] expected) = RunOn(fixture.Reference, run, checkTail: false, fixture.Stored);
        (Shape shape, float[] actual) = RunOn(Backend, run, checkTail: false, fixture.Stored);
        Assert.Equal(expectedShape, shape);
        fixture.Adapt(tolerance).Check(expected, actual);

        if (Backend is HostBackend host)
        {
            host.Arena.FillFree(float.NaN);
            (_, float[] again) = RunOn(Backend, run, checkTail: true, fixture.Stored);
            Assert.Equal(actual, again);
        }
    }

    private static (Shape Shape, float[] Values) RunOn(
        Backend backend, Func<OpCase, Tensor> run, bool checkTail, Func<float, float>? stored)
    {
        using var op = new OpCase(backend, stored);
        using Tensor result = run(op);
        if (checkTail)
        {
            CheckTail(result);
        }

        return (result.Shape, result.ToFloats());
    }

    // Blocks are larger than most tensors; what follows the values was NaN and must have stayed so.
    private static unsafe void CheckTail(Tensor result)
    {
        var storage = (HostStorage)result.Storage;
        for (long i = result.Shape.Count; i < storage.Capacity; i++)
        {
            Assert.True(float.IsNaN(storage.Values[i]), $"Value {i - result.Shape.Count} beyond the end was written.");
        }
    }
}
