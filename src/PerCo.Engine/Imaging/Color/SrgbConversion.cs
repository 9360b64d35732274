using System.Numerics.Tensors;

namespace PerCo.Engine.Imaging.Color;

/// <summary>
/// Turns samples of a profile into sRGB (IEC 61966-2-1), in place; colours that sRGB does not have go to its border.
/// </summary>
internal sealed class SrgbConversion
{
    // Profiles that say sRGB differ in their roundings; nothing is done for them, so that pixels stay what they are.
    private const int Roundings = 1;
    private const int ProbesASide = 9;

    // A profile whose white is further off means another one.
    private const double MostOffWhite = 0.01;

    private const int Levels = 256;
    private const int Starts = 4096;

    // From XYZ relative to D50 to linear sRGB, whose white is D65 adapted by Bradford's method. To some 1e-4 it is the
    // inverse of the colorants that sRGB's own profiles have: X 0.43607 0.38515 0.14307, Y 0.22249 0.71687 0.06061,
    // Z 0.01392 0.09708 0.71410.
    private static readonly double[] FromD50 =
    [
        3.1338561, -1.6168667, -0.4906146,
        -0.9787684, 1.9161415, 0.0334540,
        0.0719453, -0.2289914, 1.4052427,
    ];

    // Light above Thresholds[v] has a sample above v; and where to begin looking.
    private static readonly double[] Thresholds =
        [.. Enumerable.Range(0, Levels - 1).Select(v => Light((v + 0.5) / 255))];

    private static readonly byte[] StartOf = [.. Enumerable.Range(0, Starts).Select(i => Search(i / (double)Starts))];

    private readonly double[][] _light;
    private readonly double[] _matrix;

    private SrgbConversion(IccProfile profile)
    {
        _light = [.. profile.Curves.Select(curve =>
            Enumerable.Range(0, Levels).Select(v => curve.Light(v / 255.0)).ToArray())];
        _matrix = profile.IsGray ? [] : Matrix(profile.Colorants);
    }

    /// <summary>Converts a picture in place.</summary>
    /// <param name="image">The picture.</param>
    /// <param name="profile">Its ICC profile; may be empty, damaged or of a kind that is not read.</param>
    /// <param name="isGray">Whether the file's samples are grey, for which profiles are others.</param>
    public static void Apply(Image image, ReadOnlySpan<byte> profile, bool isGray)
    {
        if (IccProfile.Parse(profile) is { } parsed && parsed.IsGray == isGray)
        {
            var conversion = new SrgbConversion(parsed);
            if (conversion.ChangesColors())
            {
                conversion.Convert(image.Pixels);
            }
        }
    }

    // From light of the profile's red, green and blue to that of sRGB's. All three together are white in both spaces,
    // but for what was rounded in the numbers.
    private static double[] Matrix(IReadOnlyList<double> colorants)
    {
        var matrix = new double[9];
        for (int row = 0; row < 9; row += 3)
        {
            for (int column = 0; column < 3; column++)
            {
                for (int k = 0; k < 3; k++)
                {
                    matrix[row + column] += FromD50[row + k] * colorants[k * 3 + column];
                }
            }

            double white = matrix[row] + matrix[row + 1] + matrix[row + 2];
            if (Math.Abs(white - 1) < MostOffWhite)
            {
                TensorPrimitives.Divide(matrix.AsSpan(row, 3), white, matrix.AsSpan(row, 3));
            }
        }

        return matrix;
    }

    private bool ChangesColors()
    {
        var probes = new byte[ProbesASide * ProbesASide * ProbesASide * Image.Channels];
        for (int i = 0; i < probes.Length / Image.Channels; i++)
        {
            Span<byte> probe = probes.AsSpan(i * Image.Channels, Image.Channels);
            probe[0] = Probe(i % ProbesASide);
            probe[1] = Probe(i / ProbesASide % ProbesASide);
            probe[2] = Probe(i / ProbesASide / ProbesASide);
            if (_light.Length == 1)
            {
                probe.Fill((byte)(i % Levels));
            }
        }

        byte[] before = [.. probes];
        Convert(probes);
        return before.Zip(probes, (a, b) => Math.Abs(a - b)).Max() > Roundings;

        static byte Probe(int step) => (byte)(step * (Levels - 1) / (ProbesASide - 1));
    }

    private void Convert(Span<byte> pixels)
    {
        for (int i = 0; i < pixels.Length; i += Image.Channels)
        {
            Span<byte> pixel = pixels.Slice(i, Image.Channels);
            if (_light.Length == 1)
            {
                pixel.Fill(Sample(_light[0][pixel[0]]));
                continue;
            }

            double red = _light[0][pixel[0]], green = _light[1][pixel[1]], blue = _light[2][pixel[2]];
            for (int c = 0; c < Image.Channels; c++)
            {
                pixel[c] = Sample(_matrix[c * 3] * red + _matrix[c * 3 + 1] * green + _matrix[c * 3 + 2] * blue);
            }
        }
    }

    private static byte Sample(double light)
    {
        int sample = StartOf[(int)(Math.Clamp(light, 0, 1 - 1.0 / Starts) * Starts)];
        while (sample < Levels - 1 && light > Thresholds[sample])
        {
            sample++;
        }

        return (byte)sample;
    }

    private static byte Search(double light)
    {
        int sample = Array.BinarySearch(Thresholds, light);
        return (byte)(sample >= 0 ? sample : ~sample);
    }

    // IEC 61966-2-1, equations (5) and (6).
    private static double Light(double sample) =>
        sample <= 0.04045 ? sample / 12.92 : Math.Pow((sample + 0.055) / 1.055, 2.4);
}
