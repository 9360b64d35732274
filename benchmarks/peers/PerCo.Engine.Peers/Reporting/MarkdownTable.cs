using System.Text;

namespace PerCo.Engine.Peers.Reporting;

/// <summary>The table of a document: a row a piece of work, a column a contender.</summary>
internal static class MarkdownTable
{
    /// <summary>The table, with what it was measured on above it.</summary>
    public static string Of(IReadOnlyList<Summary> summaries, string file, string machine)
    {
        List<string> rivals = [.. summaries.SelectMany(s => s.Others).Select(o => o.Name).Distinct()];
        var text = new StringBuilder();
        text.Append($"\nMeasurements: [{file}](../benchmarks/results/{file}), on {machine}.\n");
        foreach (string version in summaries.SelectMany(s => s.Versions).Distinct())
        {
            text.Append($"- {version}\n");
        }

        int reached = summaries.Sum(s => s.Verdicts.Count(v => v.Passed == true));
        int missed = summaries.Sum(s => s.Verdicts.Count(v => v.Passed == false));
        text.Append($"\nBars reached: {reached}; missed: {missed}.\n\n");
        text.Append($"| work | instructions, threads | ours | GFLOP/s | of the FMA peak | ")
            .Append(string.Concat(rivals.Select(name => $"{name} | ")))
            .Append("bars |\n|---|---|---|---|---|")
            .Append(string.Concat(Enumerable.Repeat("---|", rivals.Count + 1)))
            .Append('\n');
        foreach (Summary s in summaries)
        {
            bool counts = s.Row.Operations > 0;
            text.Append($"| {s.Row.Line}{(s.Row.Group == "scaling" ? ", scaling" : "")} ")
                .Append($"| {s.Instructions}, {s.Threads} | {s.Ours} ")
                .Append($"| {(counts ? $"{s.Rate:F0}" : "")} |")
                .Append(counts ? $" {s.OfPeak:F2} of {s.FmaPeak:F0} (best turn {s.BestOfPeak:F2}) |" : " |")
                .Append(string.Concat(rivals.Select(name => $" {Cell(s, name)} |")))
                .Append($" {string.Join("; ", s.Verdicts.Select(v => v.ToText()))} |\n");
        }

        return text.ToString();
    }

    private static string Cell(Summary summary, string name)
    {
        Rival? rival = summary.Others.FirstOrDefault(o => o.Name == name);
        if (rival is null)
        {
            return "";
        }

        return rival.IsHere ? $"{rival.Seconds}, **{rival.Ratio.Median:F2}×**" : "none";
    }
}
