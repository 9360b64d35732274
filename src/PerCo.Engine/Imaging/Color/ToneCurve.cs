using System.Buffers.Binary;

namespace PerCo.Engine.Imaging.Color;

/// <summary>From a sample to light, both from 0 to 1: a curve of an ICC profile (ICC.1:2010).</summary>
internal sealed class ToneCurve
{
    private const int MostPoints = 1 << 16;

    // Parameters of each function of parametricCurveType, section 10.16.
    private static readonly int[] ParameterCounts = [1, 3, 4, 5, 7];

    private readonly double[] _points;
    private readonly double[] _parameters;
    private readonly int _function;

    private ToneCurve(double[] points, double[] parameters, int function)
    {
        _points = points;
        _parameters = parameters;
        _function = function;
    }

    /// <summary>Reads curveType (section 10.6) or parametricCurveType; null where it is neither, or damaged.</summary>
    public static ToneCurve? Parse(ReadOnlySpan<byte> element)
    {
        if (element.Length < 12)
        {
            return null;
        }

        if (element.StartsWith("para"u8))
        {
            int function = BinaryPrimitives.ReadUInt16BigEndian(element[8..]);
            if (function >= ParameterCounts.Length || element.Length < 12 + ParameterCounts[function] * 4)
            {
                return null;
            }

            var parameters = new double[ParameterCounts[function]];
            for (int i = 0; i < parameters.Length; i++)
            {
                parameters[i] = IccProfile.Fixed(element[(12 + i * 4)..]);
            }

            return parameters[0] > 0 ? new ToneCurve([], parameters, function) : null;
        }

        uint count = BinaryPrimitives.ReadUInt32BigEndian(element[8..]);
        if (!element.StartsWith("curv"u8) || count > MostPoints || element.Length < 12 + count * 2)
        {
            return null;
        }

        // No point is the identity, one is an exponent of 8 bits and 8 behind the point.
        if (count <= 1)
        {
            double gamma = count == 0 ? 1 : BinaryPrimitives.ReadUInt16BigEndian(element[12..]) / 256.0;
            return gamma > 0 ? new ToneCurve([], [gamma], function: 0) : null;
        }

        var points = new double[count];
        for (int i = 0; i < points.Length; i++)
        {
            points[i] = BinaryPrimitives.ReadUInt16BigEndian(element[(12 + i * 2)..]) / 65535.0;
        }

        return new ToneCurve(points, [], function: -1);
    }

    /// <summary>The light of a sample, from 0 to 1.</summary>
    public double Light(double sample)
    {
        double light = _points.Length > 0 ? Interpolate(sample) : Evaluate(sample);
        return double.IsNaN(light) ? 0 : Math.Clamp(light, 0, 1);
    }

    private double Interpolate(double sample)
    {
        double at = sample * (_points.Length - 1);
        int below = Math.Min((int)at, _points.Length - 2);
        return _points[below] + (at - below) * (_points[below + 1] - _points[below]);
    }

    private double Evaluate(double x)
    {
        double[] p = _parameters;
        return _function switch
        {
            0 => Math.Pow(x, p[0]),
            1 => p[1] * x + p[2] >= 0 ? Power(x, p) : 0,
            2 => p[1] * x + p[2] >= 0 ? Power(x, p) + p[3] : p[3],
            3 => x >= p[4] ? Power(x, p) : p[3] * x,
            _ => x >= p[4] ? Power(x, p) + p[5] : p[3] * x + p[6],
        };
    }

    private static double Power(double x, double[] p) => Math.Pow(Math.Max(p[1] * x + p[2], 0), p[0]);
}
