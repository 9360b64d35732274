using PerCo.Engine.Peers.Comparing;

namespace PerCo.Engine.Peers.Reporting;

/// <summary>Writes the table into the document and draws the plot, from a file of measurements.</summary>
internal static class Report
{
    private const string Begin = "<!-- table of benchmarks/peers/run.sh report -->";
    private const string End = "<!-- end of the table -->";

    /// <summary>Writes both; of each row the newest run counts.</summary>
    /// <exception cref="FormatException">A file is missing, or the document has no place for the table.</exception>
    public static void Write(Options options)
    {
        foreach (string path in new[] { options.Out, options.Document })
        {
            if (!File.Exists(path))
            {
                throw new FormatException($"{path}: does not exist.");
            }
        }

        IReadOnlyList<Summary> summaries = Summarise([.. MeasurementFile.Read(options.Out)]);
        string document = File.ReadAllText(options.Document);
        int begin = document.IndexOf(Begin, StringComparison.Ordinal);
        int end = document.IndexOf(End, StringComparison.Ordinal);
        if (begin < 0 || end < begin)
        {
            throw new FormatException($"{options.Document}: has no '{Begin}' before '{End}'.");
        }

        string table = MarkdownTable.Of(
            summaries, Path.GetFileName(options.Out), MeasurementFile.ReadMachine(options.Out));
        File.WriteAllText(options.Document, $"{document[..(begin + Begin.Length)]}\n{table}{document[end..]}");
        File.WriteAllText(options.Plot, Roofline.Draw(summaries));
    }

    /// <summary>One summary a row that was measured, in the catalogue's order.</summary>
    public static IReadOnlyList<Summary> Summarise(IReadOnlyList<Measurement> measurements) =>
    [
        .. Catalogue.Rows
            .Select(row => (row, turns: measurements.Where(m => m.Row == row.Key).ToList()))
            .Where(r => r.turns.Count > 0)
            .Select(r => Summary.Of(r.row, [.. r.turns.Where(m => m.Run == Newest(r.turns))])),
    ];

    // Runs are named by their time, so the largest name is the newest.
    private static string Newest(IEnumerable<Measurement> turns) =>
        turns.Select(m => m.Run).Order(StringComparer.Ordinal).Last();
}
