using PerCo.Engine.Backends.Gpu;
using PerCo.Engine.Tensors;
using Xunit;

namespace PerCo.Engine.Tests.Backends.Gpu;

/// <summary>Launches that are recorded and repeated, and memory that belongs to a recording.</summary>
[Collection(OpenClCollection.Name)]
public sealed class RecordingTests(OpenClFp32Fixture fixture)
{
    [SkippableFact]
    public void A_replay_computes_on_what_its_operands_hold_by_then()
    {
        var backend = (GpuBackend)fixture.Backend;
        var shape = new Shape(1, 5, 7);
        float[] first = OpCase.Values("first", shape.Count), second = OpCase.Values("second", shape.Count);
        using Tensor x = backend.Upload(shape, first);
        using (backend.Add(x, x))
        {
            // Builds the kernel.
        }

        Tensor? sum = null;
        backend.Arena.BeginReservation();
        using GpuRecording recording = backend.Hardware.Record(() =>
        {
            using Tensor twice = backend.Add(x, x);
            sum = backend.Add(twice, x);
        });
        using GpuReservation reservation = backend.Arena.EndReservation();
        using Tensor result = sum!;
        Assert.Equal(2, recording.Count);
        recording.Replay();
        Assert.Equal(first.Select(v => v + v + v), result.ToFloats());

        backend.Upload(second, x);
        recording.Replay();
        Assert.Equal(second.Select(v => v + v + v), result.ToFloats());
        Assert.True(backend.Hardware.Time(recording) > TimeSpan.Zero);
    }

    [SkippableFact]
    public void Blocks_of_a_recording_are_handed_to_nobody_else_before_its_end()
    {
        var backend = (GpuBackend)fixture.Backend;
        var shape = new Shape(1, 33, 1021);
        GpuBuffer? inner = null;
        backend.Arena.BeginReservation();
        using (Tensor temporary = backend.Allocate(shape))
        {
            inner = temporary.Buffer();
        }

        long inUse = backend.MemoryInUse;
        GpuReservation reservation = backend.Arena.EndReservation();
        Assert.Equal(inUse + inner.Bytes, backend.MemoryInUse);
        using (Tensor other = backend.Allocate(shape))
        {
            Assert.NotSame(inner, other.Buffer());
        }

        reservation.Dispose();
        Assert.Equal(inUse, backend.MemoryInUse);
        using Tensor after = backend.Allocate(shape);
        Assert.Same(inner, after.Buffer());
    }

    [SkippableFact]
    public void Copies_within_a_recording_are_refused_and_end_it()
    {
        var backend = (GpuBackend)fixture.Backend;
        using Tensor x = backend.Upload(new Shape(1, 2, 2), [1, 2, 3, 4]);
        Assert.Throws<InvalidOperationException>(() => backend.Hardware.Record(() => x.ToFloats()));
        Assert.Equal([1, 2, 3, 4], x.ToFloats());
    }
}
