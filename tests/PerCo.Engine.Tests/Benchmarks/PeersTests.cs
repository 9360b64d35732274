using System.Diagnostics;
using System.Runtime.InteropServices;
using System.Xml.Linq;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Backends.Reference;
using PerCo.Engine.Peers;
using PerCo.Engine.Peers.Comparing;
using PerCo.Engine.Peers.Engine;
using PerCo.Engine.Peers.Reporting;
using Xunit;
using Comparison = PerCo.Engine.Peers.Comparing.Comparison;
using Errors = PerCo.Engine.Verification.Comparison;

namespace PerCo.Engine.Tests.Benchmarks;

/// <summary>The comparison with native peers: the engine's side, and what is made of the measurements.</summary>
public sealed class PeersTests : IDisposable
{
    private readonly TemporaryFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Theory]
    [InlineData("linear rows=5 inputs=33 outputs=17")]
    [InlineData("conv2d height=10 width=12 inputs=5 outputs=7")]
    [InlineData("conv2d height=10 width=12 inputs=5 outputs=7 stride=2")]
    [InlineData("conv2d height=10 width=12 inputs=5 outputs=7 up=2")]
    [InlineData("conv2d height=10 width=12 inputs=5 outputs=7 kernel=1")]
    [InlineData("attention heads=2 queries=9 keys=11 channels=8")]
    public void The_engine_prepares_runs_and_shows_what_the_reference_computes(string line)
    {
        string path = _folder.File("result");
        string[] answers = Serve(
            $"prepare\t{line}\t{path}", $"run\t{line}\t0.001", "free", $"run\t{line}\t0", $"prepare\t{line}\t-");

        Assert.StartsWith("ready PerCo.Engine ", answers[0], StringComparison.Ordinal);
        Assert.Equal("ok", answers[1]);
        string[] run = answers[2].Split(' ');
        Assert.Equal("ok", run[0]);
        Assert.InRange(double.Parse(run[1]), 1e-9, 10);
        Assert.InRange(int.Parse(run[2]), 1, int.MaxValue);
        Assert.Equal("ok", answers[3]);
        Assert.StartsWith("error", answers[4], StringComparison.Ordinal);
        Assert.Equal("ok", answers[5]);

        using var reference = new ReferenceBackend();
        using EngineWork expected = EngineWork.Prepare(new WorkLine(line), reference);
        float[] result = MemoryMarshal.Cast<byte, float>(File.ReadAllBytes(path)).ToArray();
        Assert.InRange(Errors.NormalisedError(expected.Result(), result), 0, 5e-4);
    }

    [Fact]
    public void The_engine_answers_nonsense_with_an_error_and_goes_on()
    {
        string[] answers = Serve("prepare\tlinear rows=5\tx", "prepare\tsort rows=5\tx", "dance", "memory");
        Assert.Equal("error linear: inputs is missing.", answers[1]);
        Assert.Equal("error 'sort' is no op that is compared.", answers[2]);
        Assert.Equal("error 'dance' is no command.", answers[3]);
        Assert.StartsWith("ok ", answers[4], StringComparison.Ordinal);
    }

    [Fact]
    public void The_command_measures_a_row_and_appends_to_its_file()
    {
        string file = _folder.File("measurements.csv");
        string[] arguments =
            ["compare", "--only", "rows=77 ", "--peers", "none", "--quick", "--threads", "1", "--out", file];
        (int code, string log) = Run(arguments);
        Assert.True(code == 0, log);
        Assert.Contains("all results match", log, StringComparison.Ordinal);
        (code, log) = Run([.. arguments, "--continue"]);
        Assert.True(code == 0, log);

        Measurement[] turns = [.. MeasurementFile.Read(file)];
        Assert.Equal([0, 1, 2, 3, 4, 5], turns.Select(t => t.Round));
        Assert.Single(turns.Select(t => t.Run).Distinct());
        Summary summary = Assert.Single(Report.Summarise(turns));
        Assert.InRange(summary.OfPeak, 0.001, 1.2);
        Assert.InRange(summary.Read, 0.1, 10_000);
        Assert.Equal(1, summary.Threads);
    }

    [Fact]
    public void Every_row_has_a_line_that_can_be_read_and_a_name_of_its_own()
    {
        Assert.All(Catalogue.Rows, row => Assert.NotEmpty(new WorkLine(row.Line).Op));
        Assert.Equal(Catalogue.Rows.Count, Catalogue.Rows.Select(row => row.Key).Distinct().Count());
        Assert.All(Catalogue.Rows, row => Assert.DoesNotContain(',', row.Key));
    }

    [Fact]
    public void Ratios_are_taken_round_by_round_and_bars_judged_by_their_median()
    {
        Row row = Catalogue.Rows.First(r => r.Group == "attention");
        Measurement[] turns =
        [
            .. Turns(row, Comparison.Engine, 0.1, 0.2, 0.4),
            .. Turns(row, "torch", 0.4, 0.6, 2.0),
            Turns(row, "torch bf16", double.NaN).Single() with { Detail = "none: too old" },
        ];
        Summary summary = Summary.Of(row, turns);

        Assert.Equal(0.2, summary.Ours.Median);
        Rival torch = summary.Others[0];
        Assert.Equal(4, torch.Ratio.Median, 1e-9);
        Assert.Equal(3, torch.Ratio.Least, 1e-9);
        Assert.Equal(5, torch.Ratio.Most, 1e-9);
        Assert.False(summary.Others[1].IsHere);
        Assert.True(summary.Verdicts[0].Passed);
        Assert.Equal(row.Operations / 0.2 / 1e9 / 200 >= 0.85, summary.Verdicts[1].Passed);
    }

    [Fact]
    public void A_bar_whose_contender_is_not_there_is_neither_reached_nor_missed()
    {
        Row row = Catalogue.Rows.First(r => r.Group == "conv-unet");
        Summary summary = Summary.Of(row, [.. Turns(row, Comparison.Engine, 0.1)]);
        Assert.All(summary.Verdicts, verdict => Assert.Null(verdict.Passed));
    }

    [Fact]
    public void The_table_and_the_plot_have_every_row()
    {
        Row[] rows = [.. Catalogue.Rows.Where(r => r.Group is "linear" or "attention")];
        Summary[] summaries =
        [
            .. rows.Select(row => Summary.Of(
                row, [.. Turns(row, Comparison.Engine, 0.1, 0.2), .. Turns(row, "torch", 0.2, 0.4)])),
        ];
        string table = MarkdownTable.Of(summaries, "file.csv", "a machine");
        Assert.All(rows, row => Assert.Contains($"| {row.Line} |", table, StringComparison.Ordinal));
        Assert.Contains("**2.00×**", table, StringComparison.Ordinal);

        XDocument plot = XDocument.Parse(Roofline.Draw(summaries));
        string[] titles = [.. plot.Descendants().Where(e => e.Name.LocalName == "title").Select(e => e.Value)];
        Assert.All(rows, row => Assert.Contains(titles, t => t.StartsWith(row.Line, StringComparison.Ordinal)));
        Assert.All(rows, row => Assert.Contains($"torch: {row.Line}", titles));
    }

    private static IEnumerable<Measurement> Turns(Row row, string contender, params double[] seconds) =>
        seconds.Select((s, round) => Measurement.Parse(new Measurement
        {
            Run = "2026-01-01T00:00:00Z",
            Instructions = "Avx2",
            Threads = 2,
            Row = row.Key,
            Contender = contender,
            Version = "1.0, of a test",
            Round = round,
            Seconds = s,
            Calls = double.IsNaN(s) ? 0 : 1,
            FmaPeak = 200,
            Read = 30,
            Triad = 25,
        }.ToString()));

    private static string[] Serve(params string[] commands)
    {
        using var peer = new EnginePeer(new CpuBackend(new CpuOptions { Threads = 1 }));
        var output = new StringWriter();
        peer.Serve(new StringReader(string.Join('\n', commands)), output);
        return output.ToString().ReplaceLineEndings("\n").TrimEnd('\n').Split('\n');
    }

    private static (int Code, string Log) Run(string[] arguments)
    {
        string program = Path.Combine(AppContext.BaseDirectory, "PerCo.Engine.Peers.dll");
        var start = new ProcessStartInfo("dotnet", [program, .. arguments])
        {
            WorkingDirectory = TestPaths.Root,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
