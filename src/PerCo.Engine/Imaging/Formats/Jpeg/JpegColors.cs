namespace PerCo.Engine.Imaging.Formats.Jpeg;

/// <summary>From planes to pixels.</summary>
internal static class JpegColors
{
    // JFIF's factors in 16 fractional bits: R = Y + 1.402 Cr, G = Y - 0.344136 Cb - 0.714136 Cr, B = Y + 1.772 Cb.
    private const int Bits = 16;
    private const int Half = 1 << (Bits - 1);
    private const int CrToRed = 91881;
    private const int CbToGreen = -22554;
    private const int CrToGreen = -46802;
    private const int CbToBlue = 116130;

    /// <summary>Puts the picture together.</summary>
    /// <param name="frame">Its planes, rendered.</param>
    /// <param name="isRgb">Whether three planes are red, green and blue, not brightness and two colours.</param>
    public static Image Convert(JpegFrame frame, bool isRgb)
    {
        Image image = new(frame.Width, frame.Height);
        JpegUpsampler[] planes = [.. frame.Components.Select(c => new JpegUpsampler(c, frame))];
        // Rows are made whole units wide, and cut to the picture.
        int width = frame.UnitsWide * frame.MaxHorizontal * JpegComponent.BlockSide;
        byte[][] rows = [.. planes.Select(_ => new byte[width])];
        for (int y = 0; y < frame.Height; y++)
        {
            for (int i = 0; i < planes.Length; i++)
            {
                planes[i].Row(y, rows[i]);
            }

            Span<byte> target = image.Row(y);
            if (planes.Length == 1)
            {
                Interleave(rows[0], rows[0], rows[0], target);
            }
            else if (isRgb)
            {
                Interleave(rows[0], rows[1], rows[2], target);
            }
            else
            {
                FromYCbCr(rows[0], rows[1], rows[2], target);
            }
        }

        return image;
    }

    private static void Interleave(
        ReadOnlySpan<byte> red, ReadOnlySpan<byte> green, ReadOnlySpan<byte> blue, Span<byte> target)
    {
        for (int x = 0, t = 0; t < target.Length; x++, t += 3)
        {
            target[t] = red[x];
            target[t + 1] = green[x];
            target[t + 2] = blue[x];
        }
    }

    private static void FromYCbCr(
        ReadOnlySpan<byte> brightness, ReadOnlySpan<byte> blueness, ReadOnlySpan<byte> redness, Span<byte> target)
    {
        for (int x = 0, t = 0; t < target.Length; x++, t += 3)
        {
            int y = brightness[x];
            int cb = blueness[x] - 128;
            int cr = redness[x] - 128;
            target[t] = Clamp(y + (((CrToRed * cr) + Half) >> Bits));
            target[t + 1] = Clamp(y + (((CbToGreen * cb) + (CrToGreen * cr) + Half) >> Bits));
            target[t + 2] = Clamp(y + (((CbToBlue * cb) + Half) >> Bits));
        }
    }

    private static byte Clamp(int value) => (byte)Math.Clamp(value, 0, 255);
}
