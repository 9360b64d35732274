namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>
/// Brings the rows of a plane to the picture's width and height. Factors of two are interpolated with a triangle
/// (3/4 of the nearer sample, 1/4 of the farther) with libjpeg's roundings; other factors repeat samples, as there.
/// </summary>
internal sealed class JpegUpsampler
{
    private readonly JpegComponent _plane;
    private readonly int _across;
    private readonly int _down;
    private readonly bool _isSmoothAcross;
    private readonly bool _isSmoothDown;

    // Row y and its neighbour, 3 : 1, before rounding.
    private readonly int[] _sums;

    /// <summary>Prepares one plane.</summary>
    /// <param name="plane">The plane, rendered.</param>
    /// <param name="frame">The picture that it belongs to.</param>
    public JpegUpsampler(JpegComponent plane, JpegFrame frame)
    {
        _plane = plane;
        _across = frame.MaxHorizontal / plane.Horizontal;
        _down = frame.MaxVertical / plane.Vertical;
        // libjpeg repeats samples where a row has fewer than three of them.
        _isSmoothAcross = _across == 2 && _down <= 2 && plane.Width > 2;
        _isSmoothDown = _down == 2 && (_across == 1 || _isSmoothAcross);
        _sums = new int[_isSmoothDown ? plane.Width : 0];
    }

    /// <summary>Makes one row.</summary>
    /// <param name="y">The row of the picture.</param>
    /// <param name="row">Receives at least the picture's columns; must have room for a multiple of the factor.</param>
    public void Row(int y, Span<byte> row)
    {
        ReadOnlySpan<byte> near = Samples(y / _down);
        if (_isSmoothDown)
        {
            ReadOnlySpan<byte> far = Samples((y / 2) + (y % 2 == 0 ? -1 : 1));
            for (int x = 0; x < _sums.Length; x++)
            {
                _sums[x] = (3 * near[x]) + far[x];
            }

            if (_isSmoothAcross)
            {
                SmoothBoth(row);
            }
            else
            {
                RoundSums(row, y % 2 == 0 ? 1 : 2);
            }
        }
        else if (_isSmoothAcross)
        {
            SmoothAcross(near, row);
        }
        else if (_across == 1)
        {
            near.CopyTo(row);
        }
        else
        {
            for (int x = 0; x < near.Length; x++)
            {
                row.Slice(x * _across, _across).Fill(near[x]);
            }
        }
    }

    // The first and the last row stand for those beyond them.
    private ReadOnlySpan<byte> Samples(int y) =>
        _plane.Samples.AsSpan(Math.Clamp(y, 0, _plane.Height - 1) * _plane.Stride, _plane.Width);

    private void RoundSums(Span<byte> row, int bias)
    {
        for (int x = 0; x < _sums.Length; x++)
        {
            row[x] = (byte)((_sums[x] + bias) >> 2);
        }
    }

    // Roundings alternate between 1/4 and 1/2, so that there is no drift to one side.
    private static void SmoothAcross(ReadOnlySpan<byte> samples, Span<byte> row)
    {
        int last = samples.Length - 1;
        row[0] = samples[0];
        row[(2 * last) + 1] = samples[last];
        for (int x = 0; x < last; x++)
        {
            row[(2 * x) + 1] = (byte)(((3 * samples[x]) + samples[x + 1] + 2) >> 2);
            row[(2 * x) + 2] = (byte)(((3 * samples[x + 1]) + samples[x] + 1) >> 2);
        }
    }

    private void SmoothBoth(Span<byte> row)
    {
        int last = _sums.Length - 1;
        row[0] = (byte)(((4 * _sums[0]) + 8) >> 4);
        row[(2 * last) + 1] = (byte)(((4 * _sums[last]) + 7) >> 4);
        for (int x = 0; x < last; x++)
        {
            row[(2 * x) + 1] = (byte)(((3 * _sums[x]) + _sums[x + 1] + 7) >> 4);
            row[(2 * x) + 2] = (byte)(((3 * _sums[x + 1]) + _sums[x] + 8) >> 4);
        }
    }
}
