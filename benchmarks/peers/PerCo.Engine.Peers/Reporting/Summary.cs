using System.Globalization;
using PerCo.Engine.Peers.Comparing;

namespace PerCo.Engine.Peers.Reporting;

/// <summary>What the turns of a row come to: medians, spreads, shares, ratios, and the bars.</summary>
internal sealed class Summary
{
    private Summary(Row row, IReadOnlyList<Measurement> measurements)
    {
        Row = row;
        List<Measurement> ours = Turns(measurements, Comparison.Engine);
        Ours = new Spread(ours.Select(m => m.Seconds));
        Measurement? first = ours.FirstOrDefault();
        Instructions = first?.Instructions ?? "";
        Threads = first?.Threads ?? 0;

        // Where something else uses the machine, a low peak would flatter us: the highest of the rounds counts.
        FmaPeak = new Spread(ours.Select(m => m.FmaPeak)).Most;
        Read = new Spread(ours.Select(m => m.Read)).Most;
        Triad = new Spread(ours.Select(m => m.Triad)).Most;
        PeakBytes = ours.Select(m => m.PeakBytes).DefaultIfEmpty().Max();
        Bytes = row.Bytes > 0 ? row.Bytes : WeightBytes(first?.Detail ?? "");
        Versions = [.. measurements.Select(m => m.Version).Distinct()];
        Others = [.. measurements.Where(m => m.Contender != Comparison.Engine).GroupBy(m => m.Contender)
            .Select(group => Rival.Of(group.Key, [.. group], ours))];
        Verdicts = [.. row.Bars.Select(Judge)];
    }

    /// <summary>The row.</summary>
    public Row Row { get; }

    /// <summary>The engine's seconds.</summary>
    public Spread Ours { get; }

    /// <summary>The engine's instruction set.</summary>
    public string Instructions { get; }

    /// <summary>The engine's threads.</summary>
    public int Threads { get; }

    /// <summary>GFLOP/s of all threads, the highest of the same rounds.</summary>
    public double FmaPeak { get; }

    /// <summary>GB/s of reading, the highest.</summary>
    public double Read { get; }

    /// <summary>GB/s of the triad, the highest.</summary>
    public double Triad { get; }

    /// <summary>Most memory of the engine's process, for networks.</summary>
    public long PeakBytes { get; }

    /// <summary>What must be read or written at least; the prepared weights of a token.</summary>
    public double Bytes { get; }

    /// <summary>What the peers said of themselves.</summary>
    public IReadOnlyList<string> Versions { get; }

    /// <summary>Operations a second as a share of the peak; NaN where a row counts none.</summary>
    public double OfPeak => Row.Operations > 0 ? Rate / FmaPeak : double.NaN;

    /// <summary>The fastest turn as a share of the peak: what the code can do where others use the machine.</summary>
    public double BestOfPeak => OfPeak * Ours.Median / Ours.Least;

    /// <summary>Bytes a second as a share of the bandwidth of reading.</summary>
    public double OfBandwidth => Bytes / Ours.Median / 1e9 / Read;

    /// <summary>GFLOP/s of the work as defined.</summary>
    public double Rate => Row.Operations / Ours.Median / 1e9;

    /// <summary>The others.</summary>
    public IReadOnlyList<Rival> Others { get; }

    /// <summary>What became of the bars.</summary>
    public IReadOnlyList<Verdict> Verdicts { get; }

    /// <summary>Summarises the measurements of one row and one run.</summary>
    public static Summary Of(Row row, IReadOnlyList<Measurement> measurements) => new(row, measurements);

    /// <summary>For the terminal.</summary>
    public string ToText()
    {
        var parts = new List<string> { $"{Row.Key}: {Ours}" };
        if (Row.Operations > 0)
        {
            parts.Add($"{Rate:F0} GFLOP/s, {OfPeak:P0} of {FmaPeak:F0} (best turn {BestOfPeak:P0})");
        }

        parts.AddRange(Others.Select(other => other.ToText()));
        parts.AddRange(Verdicts.Select(verdict => verdict.ToText()));
        return string.Join("; ", parts);
    }

    private static List<Measurement> Turns(IEnumerable<Measurement> measurements, string contender) =>
        [.. measurements.Where(m => m.Contender == contender && !double.IsNaN(m.Seconds))];

    private static double WeightBytes(string detail)
    {
        const string field = "weights=";
        return detail.StartsWith(field, StringComparison.Ordinal)
            ? double.Parse(detail[field.Length..], CultureInfo.InvariantCulture) : 0;
    }

    private Verdict Judge(Bar bar)
    {
        (double value, string text) = bar.Kind switch
        {
            BarKind.OfPeak => (OfPeak, $"{OfPeak:F2} of the peak, bar {bar.Bound}"),
            BarKind.OfBandwidth => Share(OfBandwidth, $"of the bandwidth, bar {bar.Bound}"),
            BarKind.Ratio => Share(
                Others.FirstOrDefault(o => o.Name == bar.Contender)?.Ratio.Median ?? double.NaN,
                $"× {bar.Contender}, bar {bar.Bound}"),
            BarKind.Seconds => (-Ours.Median, $"{Ours.Median:F2} s, bar {bar.Bound}"),
            _ => (-PeakBytes, $"{PeakBytes >> 20} MiB, bar {bar.Bound / (1 << 20):F0}"),
        };
        bool isMost = bar.Kind is BarKind.Seconds or BarKind.Memory;
        return new Verdict(text, double.IsNaN(value) ? null : value >= (isMost ? -bar.Bound : bar.Bound));

        static (double Value, string Text) Share(double value, string rest) =>
            (value, $"{(double.IsNaN(value) ? "no" : value.ToString("F2", CultureInfo.InvariantCulture))} {rest}");
    }
}

/// <summary>A bar and whether it is reached; null where its contender is not there.</summary>
internal sealed record Verdict(string Text, bool? Passed)
{
    /// <summary>One word.</summary>
    public string Word => Passed switch
    {
        true => "pass",
        false => "miss",
        null => "-",
    };

    /// <summary>For the terminal and the table.</summary>
    public string ToText() => $"{Word} ({Text})";
}

/// <summary>Another contender of a row.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Seconds">Its seconds.</param>
/// <param name="Ratio">Its seconds divided by ours, round by round.</param>
/// <param name="Detail">How it computes, or why it cannot.</param>
internal sealed record Rival(string Name, Spread Seconds, Spread Ratio, string Detail)
{
    /// <summary>Whether it did the work.</summary>
    public bool IsHere => Seconds.Count > 0;

    /// <summary>From its turns and ours.</summary>
    public static Rival Of(string name, IReadOnlyList<Measurement> turns, IReadOnlyList<Measurement> ours)
    {
        List<Measurement> done = [.. turns.Where(m => !double.IsNaN(m.Seconds))];
        return new Rival(
            name,
            new Spread(done.Select(m => m.Seconds)),
            new Spread(done.Join(ours, m => (m.Run, m.Round), m => (m.Run, m.Round), (m, o) => m.Seconds / o.Seconds)),
            turns[0].Detail);
    }

    /// <summary>For the terminal.</summary>
    public string ToText() => IsHere
        ? $"{Name} {Seconds}, ratio {Ratio.Median:F2} ({Ratio.Least:F2}–{Ratio.Most:F2})" : $"{Name} {Detail}";
}
