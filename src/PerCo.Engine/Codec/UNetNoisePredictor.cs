using PerCo.Engine.Backends;
using PerCo.Engine.Diffusion;
using PerCo.Engine.Networks.UNet;
using PerCo.Engine.Tensors;
using PerCo.Engine.Tensors.Ops;

namespace PerCo.Engine.Codec;

/// <summary>
/// PerCo's U-Net as the sampling loop sees it: some pictures under several sets of conditions are one batch, all
/// pictures under the first set, then all under the next. What does not depend on the step (keys and values of the
/// text, the codes' share of the first convolution) is prepared once.
/// </summary>
internal sealed class UNetNoisePredictor : INoisePredictor, IStepTaker, IDisposable
{
    private readonly UNet _unet;
    private readonly Backend _backend;
    private readonly UNetConditions _conditions;
    private readonly Shape _sampleShape;
    private readonly float[] _samples;
    private readonly float[] _features;
    private readonly IDenoisingRun? _run;

    /// <summary>Prepares the conditions of every row of the batch.</summary>
    /// <param name="unet">The network.</param>
    /// <param name="local">z_l [pictures, rows, columns, channels], or one for all pictures.</param>
    /// <param name="text">Text features of each picture, or one for all.</param>
    /// <param name="rows">The sets of conditions.</param>
    /// <param name="height">Rows of the latent.</param>
    /// <param name="width">Columns of the latent.</param>
    /// <param name="records">
    /// Whether a GPU may record the step, which holds the memory of its activations until this object is disposed of.
    /// </param>
    public UNetNoisePredictor(
        UNet unet, Tensor local, TextConditions text, ReadOnlySpan<Conditions> rows, int height, int width,
        bool records = true)
    {
        _unet = unet;
        _backend = local.Backend;
        int pictures = Math.Max(local.Shape.Batch, text.Shape.Batch);
        int batch = checked(rows.Length * pictures);
        _sampleShape = new Shape(batch, height, width, unet.Config.OutChannels);
        _samples = new float[_sampleShape.Count];
        _features = new float[unet.TimeFeatures];

        // 1. A context and a z_l for each entry of the batch; zeros are the null of z_l.
        Shape ls = local.Shape, ts = text.Shape;
        float[] localValues = local.ToFloats();
        int contextLength = text.Null.Length, localLength = localValues.Length / ls.Batch;
        var contexts = new float[checked(batch * contextLength)];
        var locals = new float[checked(batch * localLength)];
        for (int entry = 0; entry < batch; entry++)
        {
            (int row, int picture) = int.DivRem(entry, pictures);
            ReadOnlySpan<float> context = rows[row].HasFlag(Conditions.Text)
                ? Of(text.Captions, picture, contextLength) : text.Null;
            context.CopyTo(contexts.AsSpan(entry * contextLength));
            if (rows[row].HasFlag(Conditions.Codes))
            {
                Of(localValues, picture, localLength).CopyTo(locals.AsSpan(entry * localLength));
            }
        }

        using Tensor contextBatch = _backend.Upload(new Shape(batch, ts[1], ts[2]), contexts);
        using Tensor localBatch = _backend.Upload(new Shape(batch, ls[1], ls[2], ls[3]), locals);
        _conditions = unet.Prepare(contextBatch, localBatch, height, width);
        try
        {
            _run = records && _backend is IStepOps device
                ? device.StartRun(
                    _sampleShape, rows.Length, _features.Length,
                    (sample, features) => _unet.Forward(sample, features, _conditions))
                : null;
        }
        catch
        {
            _conditions.Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public bool CanStep => _run is not null;

    /// <inheritdoc/>
    public void Predict(
        ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs)
    {
        if (_run is not null)
        {
            _unet.WriteTimeFeatures(timestep, _features);
            _run.Predict(latents, _features, outputs);
            return;
        }

        for (int row = 0; row < rows.Length; row++)
        {
            latents.CopyTo(_samples.AsSpan(row * latents.Length));
        }

        using Tensor sample = _backend.Upload(_sampleShape, _samples);
        using Tensor prediction = _unet.Forward(sample, timestep, _conditions);
        _backend.Download(prediction, outputs);
    }

    /// <inheritdoc/>
    public void Begin(ReadOnlySpan<float> sample, float inputScale) => _run!.Begin(sample, inputScale);

    /// <inheritdoc/>
    public float Step(float timestep, in DenoiseStep step, float inputScale, ReadOnlySpan<float> weights)
    {
        _unet.WriteTimeFeatures(timestep, _features);
        return _run!.Step(_features, step, inputScale, weights);
    }

    /// <inheritdoc/>
    public void Read(Span<float> sample) => _run!.Read(sample);

    /// <inheritdoc/>
    public void Dispose()
    {
        _run?.Dispose();
        _conditions.Dispose();
    }

    /// <summary>A picture's part of values that may be one for all.</summary>
    private static ReadOnlySpan<float> Of(float[] values, int picture, int length) =>
        values.AsSpan(values.Length == length ? 0 : picture * length, length);
}
