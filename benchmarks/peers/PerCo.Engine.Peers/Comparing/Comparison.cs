using System.Globalization;
using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using PerCo.Engine.Peers.Measuring;
using PerCo.Engine.Peers.Reporting;
using Errors = PerCo.Engine.Verification.Comparison;

namespace PerCo.Engine.Peers.Comparing;

/// <summary>
/// Runs the rows: all contenders prepare the same operands, their results are compared, and then they take turns.
/// </summary>
internal sealed class Comparison(Options options, TextWriter output)
{
    /// <summary>The engine's name among the contenders.</summary>
    public const string Engine = "PerCo.Engine";

    // Threads of the peer before may still spin for some milliseconds.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(20);

    private readonly string _run = DateTime.UtcNow.ToString("yyyy-MM-ddTHH:mm:ssZ", CultureInfo.InvariantCulture);
    private readonly string _folder = Directory.CreateTempSubdirectory("perco-peers-").FullName;
    private readonly List<Measurement> _measurements = [];
    private bool _allMatch = true;

    /// <summary>Runs the chosen rows and appends to the file of measurements.</summary>
    /// <returns>Whether all results match.</returns>
    public bool Run()
    {
        var only = new Regex(options.Only, RegexOptions.IgnoreCase);
        List<Row> rows = [.. Catalogue.Rows.Where(row => only.IsMatch(row.Key))];
        if (rows.Count == 0)
        {
            throw new FormatException($"--only '{options.Only}' leaves no row; 'list' shows all.");
        }

        try
        {
            // Whole networks get processes of their own, so that each one's memory is known.
            foreach (IGrouping<string, Row> group in rows.GroupBy(row => row.IsNetwork ? row.Key : row.Group))
            {
                using var peers = new PeerSet(options, output);
                foreach (Row row in group)
                {
                    Run(row, peers);
                }
            }
        }
        finally
        {
            Directory.Delete(_folder, recursive: true);
        }

        MeasurementFile.Append(options.Out, _measurements);
        output.WriteLine(_allMatch ? options.IsContinued ? "done" : "all results match" : "results DIFFER, see above");
        output.WriteLine($"written: {options.Out}");
        return _allMatch;
    }

    private void Run(Row row, PeerSet peers)
    {
        if (row.Line == "startup")
        {
            _measurements.AddRange(StartUp.Measure(row, options, _run, _folder, peers.Engine));
        }
        else
        {
            _measurements.AddRange(Alternate(row, peers));
        }

        output.WriteLine(Summary.Of(row, [.. _measurements.Where(m => m.Row == row.Key)]).ToText());
    }

    private List<Measurement> Alternate(Row row, PeerSet peers)
    {
        string line = row.Line + (row.Line.StartsWith("decode", StringComparison.Ordinal)
            ? $" {DecodeOperands.Make(_folder, options.Threads)}" : "");

        (string run, int firstRound) = options.IsContinued ? MeasurementFile.Newest(options.Out, row.Key) : (_run, 0);

        // 1. Whoever is there prepares, and shows a result.
        var here = new List<(Contender Contender, PeerProcess Peer, Measurement Base)>();
        var measurements = new List<Measurement>();
        float[] expected = [];
        foreach (Contender contender in row.Contenders.Prepend(new Contender(Engine, "engine")))
        {
            if (peers.Find(contender) is not { } peer)
            {
                continue;
            }

            var basis = new Measurement
            {
                Run = run,
                Instructions = peers.Engine.Version.Split(' ')[2],
                Threads = contender.Threads > 0 ? contender.Threads : options.Threads,
                Row = row.Key,
                Contender = contender.Name,
                Version = peer.Version,
            };
            // What is continued has been compared before.
            string path = options.IsContinued ? "-" : Path.Combine(_folder, "result");
            try
            {
                string detail = string.Join(' ', peer.Ask("prepare", line + contender.Variant, path));
                basis = basis with { Detail = detail, Error = double.NaN };
                if (!options.IsContinued)
                {
                    float[] result = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
                    expected = here.Count == 0 ? result : expected;
                    basis = basis with { Error = Match(row, contender, expected, result) };
                }

                here.Add((contender, peer, basis));
            }
            catch (PeerException e)
            {
                output.WriteLine($"{row.Key}: {contender.Name}: none: {e.Message}");
                measurements.Add(basis with { Detail = $"none: {e.Message}" });
            }
        }

        // 2. Turns; the order changes from round to round.
        var times = new List<Measurement>();
        MemoryBandwidth bandwidth = default;
        for (int round = 0; round < options.Rounds; round++)
        {
            Thread.Sleep(Pause);
            double peak = peers.MeasurePeak();
            bandwidth = round == 0 || row.Bars.Any(bar => bar.Kind == BarKind.OfBandwidth)
                ? peers.MeasureBandwidth() : bandwidth;
            for (int i = 0; i < here.Count; i++)
            {
                (Contender contender, PeerProcess peer, Measurement basis) = here[(i + round) % here.Count];
                Thread.Sleep(Pause);
                string seconds = row.IsNetwork ? "0" : options.Seconds.ToString(CultureInfo.InvariantCulture);
                string[] answer = peer.Ask("run", line + contender.Variant, seconds);
                times.Add(basis with
                {
                    Round = firstRound + round,
                    Seconds = Number(answer[0]),
                    Calls = (int)Number(answer[1]),
                    FmaPeak = peak,
                    Read = bandwidth.Read,
                    Triad = bandwidth.Triad,
                });
            }
        }

        // 3. Memory is a process's, so it says something where the process has done nothing else.
        var memory = here.DistinctBy(h => h.Peer).ToDictionary(
            h => h.Peer, h => row.IsNetwork ? (long)Number(h.Peer.Ask("memory")[0]) : 0);
        foreach ((Contender contender, PeerProcess peer, _) in here)
        {
            foreach (Measurement time in times.Where(m => m.Contender == contender.Name))
            {
                measurements.Add(time with { PeakBytes = memory[peer] });
            }

            peer.Ask("free");
        }

        return measurements;
    }

    private double Match(Row row, Contender contender, float[] expected, float[] result)
    {
        double error = expected.Length == result.Length
            ? Errors.NormalisedError(expected, result) : double.PositiveInfinity;
        double tolerance = contender.Tolerance > 0 ? contender.Tolerance : row.Tolerance;
        if (!(error <= tolerance))
        {
            _allMatch = false;
            output.WriteLine($"{row.Key}: {contender.Name} DIFFERS: error {error:G3}, expected at most {tolerance}");
        }

        return error;
    }

    private static double Number(string text) => double.Parse(text, CultureInfo.InvariantCulture);
}
