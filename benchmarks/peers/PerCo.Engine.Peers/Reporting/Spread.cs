namespace PerCo.Engine.Peers.Reporting;

/// <summary>Median, least and most of some values.</summary>
internal sealed class Spread
{
    public Spread(IEnumerable<double> values)
    {
        double[] sorted = [.. values.Order()];
        Count = sorted.Length;
        if (Count > 0)
        {
            Median = (sorted[(Count - 1) / 2] + sorted[Count / 2]) / 2;
            Least = sorted[0];
            Most = sorted[^1];
        }
    }

    /// <summary>How many there are.</summary>
    public int Count { get; }

    /// <summary>The value in the middle; NaN of none.</summary>
    public double Median { get; } = double.NaN;

    /// <summary>The smallest.</summary>
    public double Least { get; } = double.NaN;

    /// <summary>The largest.</summary>
    public double Most { get; } = double.NaN;

    /// <summary>Seconds: in milliseconds below one.</summary>
    public override string ToString() => Median switch
    {
        < 0.1 => $"{Median * 1e3:F2} ms ({Least * 1e3:F2}–{Most * 1e3:F2})",
        < 1 => $"{Median * 1e3:F0} ms ({Least * 1e3:F0}–{Most * 1e3:F0})",
        _ => $"{Median:F2} s ({Least:F2}–{Most:F2})",
    };
}
