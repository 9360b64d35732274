using System.Runtime.InteropServices;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Backends.Gpu;

/// <summary>
/// The first step runs launch by launch, which builds kernels and fills the arena; the second is recorded, and replayed
/// from then on. Timestep and coefficients lie in device memory, so that every step is the same recording.
/// </summary>
internal sealed class GpuDenoisingRun : IDenoisingRun
{
    private readonly GpuBackend _backend;
    private readonly Func<Tensor, Tensor, Tensor> _network;
    private readonly GpuKernel _kernel;
    private readonly Tensor _input;
    private readonly Tensor _features;
    private readonly GpuStorage _sample;
    private readonly GpuStorage _numbers;
    private readonly GpuStorage _largest;
    private readonly float[] _largestValues;
    private readonly float[] _inputValues;
    private readonly int _rows;
    private readonly int _count;
    private Tensor? _prediction;
    private GpuRecording? _recording;
    private GpuReservation? _reservation;
    private bool _warm;

    public GpuDenoisingRun(
        GpuBackend backend, Shape sample, int rows, int features, Func<Tensor, Tensor, Tensor> network)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(rows, DenoiseStep.MaxRows);
        _backend = backend;
        _network = network;
        _kernel = backend.Kernel("denoise_step");
        _rows = rows;
        _count = checked((int)(sample.Count / rows));
        _inputValues = new float[sample.Count];
        _largestValues = new float[(_count + _kernel.GroupSize - 1) / _kernel.GroupSize];
        try
        {
            _input = backend.Allocate(sample);
            _features = backend.Allocate(new Shape(sample.Batch, features));
            _sample = backend.Arena.Rent(_count * (long)sizeof(float));
            _numbers = backend.Arena.Rent(DenoiseStep.Numbers * sizeof(float));
            _largest = backend.Arena.Rent(_largestValues.Length * (long)sizeof(float));
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Predict(ReadOnlySpan<float> input, ReadOnlySpan<float> features, Span<float> outputs)
    {
        WriteRows(input, 1);
        WriteFeatures(features);
        Evaluate(steps: false);
        _backend.Download(_prediction!, outputs);
    }

    /// <inheritdoc/>
    public void Begin(ReadOnlySpan<float> sample, float inputScale)
    {
        WriteRows(sample, inputScale);
        _backend.Hardware.Write(_sample.Buffer, MemoryMarshal.AsBytes(sample));
    }

    /// <inheritdoc/>
    public float Step(
        ReadOnlySpan<float> features, in DenoiseStep step, float inputScale, ReadOnlySpan<float> weights)
    {
        Span<float> numbers = stackalloc float[DenoiseStep.Numbers];
        step.Write(inputScale, weights, numbers);
        WriteFeatures(features);
        _backend.Hardware.Write(_numbers.Buffer, MemoryMarshal.AsBytes(numbers));
        Evaluate(steps: true);
        _backend.Hardware.Read(_largest.Buffer, MemoryMarshal.AsBytes(_largestValues.AsSpan()));
        return _largestValues.Max();
    }

    /// <inheritdoc/>
    public void Read(Span<float> sample) => _backend.Hardware.Read(_sample.Buffer, MemoryMarshal.AsBytes(sample));

    /// <inheritdoc/>
    public void Dispose()
    {
        _recording?.Dispose();
        _reservation?.Dispose();
        _prediction?.Dispose();
        _input?.Dispose();
        _features?.Dispose();
        _sample?.Dispose();
        _numbers?.Dispose();
        _largest?.Dispose();
    }

    private void Evaluate(bool steps)
    {
        if (_recording is not null)
        {
            _recording.Replay();
        }
        else if (!_warm)
        {
            _warm = true;
            Launch(steps);
        }
        else
        {
            _backend.Arena.BeginReservation();
            try
            {
                _recording = _backend.Hardware.Record(() => Launch(steps));
            }
            finally
            {
                _reservation = _backend.Arena.EndReservation();
            }

            _backend.Detail($"{_backend.Name}: a denoising step is {_recording.Count} launches, started "
                + (_recording is LaunchList ? "one by one" : "as one graph"));

            _recording.Replay();
        }
    }

    private void Launch(bool steps)
    {
        _prediction?.Dispose();
        _prediction = _network(_input, _features);
        if (steps)
        {
            _backend.Hardware.Launch(
                _kernel, new GpuGroups(_largestValues.Length),
                [
                    _prediction.Buffer(), _sample.Buffer, _input.Buffer(), _numbers.Buffer, _largest.Buffer, _count,
                    _rows,
                ]);
        }
    }

    private void WriteRows(ReadOnlySpan<float> sample, float scale)
    {
        for (int i = 0; i < _inputValues.Length; i++)
        {
            _inputValues[i] = sample[i % _count] * scale;
        }

        _backend.Upload(_inputValues, _input);
    }

    private void WriteFeatures(ReadOnlySpan<float> features)
    {
        Span<float> rows = features.Length * _features.Shape.Batch <= 4096
            ? stackalloc float[features.Length * _features.Shape.Batch]
            : new float[features.Length * _features.Shape.Batch];
        for (int row = 0; row < _features.Shape.Batch; row++)
        {
            features.CopyTo(rows[(row * features.Length)..]);
        }

        _backend.Upload(rows, _features);
    }
}
