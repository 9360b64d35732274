using PerCo.Engine.Diffusion;
using PerCo.Engine.Tensors;

namespace PerCo.Engine.Codec;

/// <summary>Makes the predictor of one window of the latent.</summary>
/// <param name="top">The window's first row.</param>
/// <param name="left">The window's first column.</param>
/// <param name="height">Rows of the window.</param>
/// <param name="width">Columns of the window.</param>
internal delegate INoisePredictor WindowPredictor(int top, int left, int height, int width);

/// <summary>
/// Predicts for a large latent window by window and blends where they overlap, at every step: attention over all
/// positions grows with the square of their number, and models have only seen small latents (Bar-Tal et al. 2023,
/// "MultiDiffusion", sec. 4). Windows are taken in reading order, so that the result is always the same.
/// </summary>
internal sealed class TiledNoisePredictor : INoisePredictor, IDisposable
{
    private readonly LatentWindows _rows;
    private readonly LatentWindows _columns;
    private readonly Shape _latents;
    private readonly INoisePredictor[] _predictors;
    private readonly float[] _window;
    private float[] _predictions = [];

    /// <summary>Makes the predictors of all windows.</summary>
    /// <param name="rows">Windows over the latent's rows.</param>
    /// <param name="columns">Windows over the latent's columns.</param>
    /// <param name="latents">[pictures, height, width, channels].</param>
    /// <param name="create">Makes one predictor; it is disposed of with this object.</param>
    public TiledNoisePredictor(
        LatentWindows rows, LatentWindows columns, Shape latents, WindowPredictor create)
    {
        _rows = rows;
        _columns = columns;
        _latents = latents;
        _window = new float[checked(latents.Batch * rows.Length * columns.Length * latents.Channels)];
        _predictors = new INoisePredictor[checked(rows.Starts.Count * columns.Starts.Count)];
        try
        {
            for (int i = 0; i < _predictors.Length; i++)
            {
                (int r, int c) = int.DivRem(i, columns.Starts.Count);
                _predictors[i] = create(rows.Starts[r], columns.Starts[c], rows.Length, columns.Length);
            }
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    /// <inheritdoc/>
    public void Predict(
        ReadOnlySpan<float> latents, float timestep, ReadOnlySpan<Conditions> rows, Span<float> outputs)
    {
        if (_predictions.Length != rows.Length * _window.Length)
        {
            _predictions = new float[checked(rows.Length * _window.Length)];
        }

        outputs.Clear();
        for (int i = 0; i < _predictors.Length; i++)
        {
            (int r, int c) = int.DivRem(i, _columns.Starts.Count);
            Cut(latents, _rows.Starts[r], _columns.Starts[c]);
            _predictors[i].Predict(_window, timestep, rows, _predictions);
            for (int row = 0; row < rows.Length; row++)
            {
                Blend(
                    _predictions.AsSpan(row * _window.Length, _window.Length), r, c,
                    outputs.Slice(row * latents.Length, latents.Length));
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        foreach (INoisePredictor? predictor in _predictors)
        {
            (predictor as IDisposable)?.Dispose();
        }
    }

    private void Cut(ReadOnlySpan<float> latents, int top, int left)
    {
        int length = _columns.Length * _latents.Channels;
        for (int row = 0; row < _latents.Batch * _rows.Length; row++)
        {
            (int picture, int y) = int.DivRem(row, _rows.Length);
            latents.Slice(Offset(picture, top + y, left), length).CopyTo(_window.AsSpan(row * length));
        }
    }

    private void Blend(ReadOnlySpan<float> prediction, int windowRow, int windowColumn, Span<float> output)
    {
        float[] vertical = _rows.Weights[windowRow], horizontal = _columns.Weights[windowColumn];
        for (int row = 0; row < _latents.Batch * vertical.Length; row++)
        {
            (int picture, int y) = int.DivRem(row, vertical.Length);
            int to = Offset(picture, _rows.Starts[windowRow] + y, _columns.Starts[windowColumn]);
            int from = row * horizontal.Length * _latents.Channels;
            for (int x = 0; x < horizontal.Length; x++)
            {
                float weight = vertical[y] * horizontal[x];
                for (int c = 0; c < _latents.Channels; c++)
                {
                    output[to++] += weight * prediction[from++];
                }
            }
        }
    }

    private int Offset(int picture, int y, int x) =>
        ((picture * _latents.Height + y) * _latents.Width + x) * _latents.Channels;
}
