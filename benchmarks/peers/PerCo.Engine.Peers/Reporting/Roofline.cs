using System.Globalization;
using System.Text;

namespace PerCo.Engine.Peers.Reporting;

/// <summary>
/// The roofline plot (Williams et al. 2009) as SVG: GFLOP/s over operations a byte, below the measured bandwidth and
/// the measured peak. Winograd's points stand above it, since operations are counted as the work is defined.
/// </summary>
internal static class Roofline
{
    private const double Width = 760, Height = 460, Left = 60, Right = 150, Top = 30, Bottom = 50;

    private static readonly (string Name, string Colour, string Group)[] Groups =
    [
        ("matrix products", "#1b6ca8", "linear"),
        ("convolutions, U-Net", "#c0392b", "conv-unet"),
        ("convolutions, VAE", "#e08e0b", "conv-vae"),
        ("attention", "#2e8b57", "attention"),
        ("token", "#7d3c98", "token"),
    ];

    /// <summary>Draws all rows that count operations and bytes.</summary>
    public static string Draw(IReadOnlyList<Summary> summaries)
    {
        List<Summary> rows = [.. summaries.Where(s => s.Row.Operations > 0 && s.Bytes > 0
            && Groups.Any(g => g.Group == s.Row.Group))];
        var svg = new StringBuilder();
        svg.Append(CultureInfo.InvariantCulture, $"<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{Width}\" ")
            .Append(CultureInfo.InvariantCulture, $"height=\"{Height}\" viewBox=\"0 0 {Width} {Height}\" ")
            .Append("font-family=\"sans-serif\" font-size=\"11\">\n")
            .Append("<rect width=\"100%\" height=\"100%\" fill=\"white\"/>\n");
        if (rows.Count > 0)
        {
            var axes = Axes.Around(rows);
            Roofs(svg, axes, rows);
            foreach (Summary row in rows)
            {
                Points(svg, axes, row);
            }

            Legend(svg);
        }

        return svg.Append("</svg>\n").ToString();
    }

    private static void Roofs(StringBuilder svg, Axes axes, IReadOnlyList<Summary> rows)
    {
        double peak = new Spread(rows.Select(r => r.FmaPeak)).Median;
        double read = new Spread(rows.Select(r => r.Read)).Median;
        foreach ((double value, bool isRate) in axes.Ticks())
        {
            (double x1, double y1) = isRate ? (axes.X(axes.MinIntensity), axes.Y(value)) : (axes.X(value), Top);
            (double x2, double y2) = isRate ? (axes.X(axes.MaxIntensity), axes.Y(value))
                : (axes.X(value), Height - Bottom);
            Line(svg, x1, y1, x2, y2, "#e4e4e4", 1);
            Text(svg, isRate ? Left - 6 : x1, isRate ? y1 + 4 : Height - Bottom + 16, $"{value:G4}",
                isRate ? "end" : "middle", "#444");
        }

        double ridge = Math.Clamp(peak / read, axes.MinIntensity, axes.MaxIntensity);
        double start = Math.Clamp(axes.MinRate / read, axes.MinIntensity, axes.MaxIntensity);
        Line(svg, axes.X(start), axes.Y(start * read), axes.X(ridge), axes.Y(ridge * read), "#222", 2);
        Line(svg, axes.X(ridge), axes.Y(peak), axes.X(axes.MaxIntensity), axes.Y(peak), "#222", 2);
        Text(svg, axes.X(axes.MaxIntensity) + 6, axes.Y(peak) + 4, $"FMA peak {peak:F0}", "start", "#222");
        Text(svg, axes.X(start) + 14, axes.Y(start * read) - 14, $"reading {read:F0} GB/s", "start", "#222");
        Text(svg, (Left + Width - Right) / 2, Height - 12, "operations a byte (each operand and result touched once)",
            "middle", "#222");
        Text(svg, Left, Top - 12,
            $"GFLOP/s of the work as defined; {rows[0].Instructions}, {rows[0].Threads} threads", "start", "#222");
    }

    // Ours is filled; a rival stands at the same intensity as a ring (torch) or a square (oneDNN).
    private static void Points(StringBuilder svg, Axes axes, Summary row)
    {
        string colour = Groups.First(g => g.Group == row.Row.Group).Colour;
        double x = axes.X(row.Row.Operations / row.Bytes);
        foreach (Rival rival in row.Others.Where(o => o.IsHere))
        {
            double y = axes.Y(row.Row.Operations / rival.Seconds.Median / 1e9);
            svg.Append(rival.Name.StartsWith("torch", StringComparison.Ordinal)
                ? string.Create(CultureInfo.InvariantCulture, $"<circle cx=\"{x:F1}\" cy=\"{y:F1}\" r=\"3.5\" ")
                : string.Create(
                    CultureInfo.InvariantCulture,
                    $"<rect x=\"{x - 3:F1}\" y=\"{y - 3:F1}\" width=\"6\" height=\"6\" "))
                .Append(CultureInfo.InvariantCulture, $"fill=\"none\" stroke=\"{colour}\">")
                .Append(CultureInfo.InvariantCulture, $"<title>{rival.Name}: {row.Row.Line}</title>")
                .Append(rival.Name.StartsWith("torch", StringComparison.Ordinal) ? "</circle>\n" : "</rect>\n");
        }

        svg.Append(
            CultureInfo.InvariantCulture,
            $"<circle cx=\"{x:F1}\" cy=\"{axes.Y(row.Rate):F1}\" r=\"4.5\" fill=\"{colour}\"><title>")
            .Append(CultureInfo.InvariantCulture, $"{row.Row.Line}: {row.Rate:F0} GFLOP/s</title></circle>\n");
    }

    private static void Legend(StringBuilder svg)
    {
        double x = Width - Right + 12, y = Height - Bottom - 130;
        foreach ((string name, string colour, _) in Groups)
        {
            svg.Append(
                CultureInfo.InvariantCulture, $"<circle cx=\"{x}\" cy=\"{y - 4}\" r=\"4.5\" fill=\"{colour}\"/>\n");
            Text(svg, x + 10, y, name, "start", "#222");
            y += 18;
        }

        foreach (string text in new[] { "● PerCo.Engine", "○ torch", "□ oneDNN" })
        {
            Text(svg, x - 4, y, text, "start", "#222");
            y += 16;
        }
    }

    private static void Line(
        StringBuilder svg, double x1, double y1, double x2, double y2, string colour, int width) => svg.Append(
            CultureInfo.InvariantCulture, $"<line x1=\"{x1:F1}\" y1=\"{y1:F1}\" x2=\"{x2:F1}\" y2=\"{y2:F1}\" ")
            .Append(CultureInfo.InvariantCulture, $"stroke=\"{colour}\" stroke-width=\"{width}\"/>\n");

    private static void Text(StringBuilder svg, double x, double y, string text, string anchor, string colour) =>
        svg.Append(
            CultureInfo.InvariantCulture, $"<text x=\"{x:F1}\" y=\"{y:F1}\" text-anchor=\"{anchor}\" ")
            .Append($"fill=\"{colour}\">").Append(text).Append("</text>\n");

    /// <summary>Both axes are logarithmic.</summary>
    private sealed record Axes(double MinIntensity, double MaxIntensity, double MinRate, double MaxRate)
    {
        public static Axes Around(IReadOnlyList<Summary> rows)
        {
            List<double> intensities = [.. rows.Select(r => r.Row.Operations / r.Bytes)];
            List<double> rates =
            [
                .. rows.Select(r => r.Rate), .. rows.Select(r => r.FmaPeak),
                .. rows.SelectMany(r => r.Others.Where(o => o.IsHere)
                    .Select(o => r.Row.Operations / o.Seconds.Median / 1e9)),
            ];
            return new Axes(
                Power(intensities.Min(), Math.Floor), Power(intensities.Max(), Math.Ceiling),
                Power(rates.Min(), Math.Floor), Power(rates.Max(), Math.Ceiling));
        }

        public double X(double intensity) =>
            Left + (Share(intensity, MinIntensity, MaxIntensity) * (Width - Left - Right));

        public double Y(double rate) => Height - Bottom - (Share(rate, MinRate, MaxRate) * (Height - Top - Bottom));

        public IEnumerable<(double Value, bool IsRate)> Ticks()
        {
            for (double value = MinIntensity; value <= MaxIntensity * 1.01; value *= 2)
            {
                yield return (value, false);
            }

            for (double value = MinRate; value <= MaxRate * 1.01; value *= 2)
            {
                yield return (value, true);
            }
        }

        private static double Share(double value, double least, double most) =>
            Math.Log(value / least) / Math.Log(most / least);

        private static double Power(double value, Func<double, double> round) => Math.Pow(2, round(Math.Log2(value)));
    }
}
