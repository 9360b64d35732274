using System.Globalization;

namespace PerCo.Engine.Peers.Comparing;

/// <summary>One turn of one contender: a line of the CSV files in benchmarks/results.</summary>
internal sealed record Measurement
{
    /// <summary>The files' first line.</summary>
    public const string Header = "run,instructions,threads,row,contender,version,detail,round,seconds,calls,"
        + "fma_gflops,read_gbs,triad_gbs,error,peak_bytes";

    /// <summary>When the command began: rounds of one run belong together.</summary>
    public required string Run { get; init; }

    /// <summary>The engine's instruction set.</summary>
    public required string Instructions { get; init; }

    /// <summary>Threads of the contender.</summary>
    public required int Threads { get; init; }

    /// <summary>Group and line.</summary>
    public required string Row { get; init; }

    /// <summary>Whose turn it was.</summary>
    public required string Contender { get; init; }

    /// <summary>What the peer said of itself.</summary>
    public required string Version { get; init; }

    /// <summary>How it computes, or why it cannot.</summary>
    public string Detail { get; init; } = "";

    /// <summary>Counts from 0.</summary>
    public int Round { get; init; }

    /// <summary>The median of the turn's calls; NaN where it cannot do the work.</summary>
    public double Seconds { get; init; } = double.NaN;

    /// <summary>How many calls the turn had.</summary>
    public int Calls { get; init; }

    /// <summary>GFLOP/s of fused multiply-adds in registers, measured in this round.</summary>
    public double FmaPeak { get; init; }

    /// <summary>GB/s of reading, measured at the first round, or at every one where it is a bar.</summary>
    public double Read { get; init; }

    /// <summary>GB/s of the STREAM triad, measured with it.</summary>
    public double Triad { get; init; }

    /// <summary>Normalised error against the engine's result; NaN where it was not compared.</summary>
    public double Error { get; init; }

    /// <summary>Most memory of the peer's process, after the last round.</summary>
    public long PeakBytes { get; init; }

    /// <summary>Reads a line.</summary>
    public static Measurement Parse(string line)
    {
        string[] f = line.Split(',');
        return new Measurement
        {
            Run = f[0],
            Instructions = f[1],
            Threads = int.Parse(f[2], CultureInfo.InvariantCulture),
            Row = f[3],
            Contender = f[4],
            Version = f[5],
            Detail = f[6],
            Round = int.Parse(f[7], CultureInfo.InvariantCulture),
            Seconds = Number(f[8]),
            Calls = int.Parse(f[9], CultureInfo.InvariantCulture),
            FmaPeak = Number(f[10]),
            Read = Number(f[11]),
            Triad = Number(f[12]),
            Error = Number(f[13]),
            PeakBytes = long.Parse(f[14], CultureInfo.InvariantCulture),
        };

        static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
    }

    /// <summary>The line.</summary>
    public override string ToString() => string.Create(
        CultureInfo.InvariantCulture,
        $"{Run},{Instructions},{Threads},{Row},{Contender},{Version.Replace(',', ';')},{Detail.Replace(',', ';')},"
            + $"{Round},{Seconds:G6},{Calls},{FmaPeak:F1},{Read:F1},{Triad:F1},{Error:G3},{PeakBytes}");
}
