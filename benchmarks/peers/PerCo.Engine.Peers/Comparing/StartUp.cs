using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace PerCo.Engine.Peers.Comparing;

/// <summary>
/// How long the command line takes to its first network: the life of a `decode` process, less its later stages as it
/// reports them. Writing the picture and ending are counted too, so this is rather too much than too little.
/// </summary>
internal static partial class StartUp
{
    /// <summary>Measures.</summary>
    public static IEnumerable<Measurement> Measure(
        Row row, Options options, string run, string folder, PeerProcess engine)
    {
        string program = Environment.GetEnvironmentVariable("PERCOENGINE")
            ?? "src/PerCo.Engine.Cli/bin/Release/net10.0/percoengine";
        string file = DecodeOperands.Make(folder, options.Threads).Split("file=")[1];
        for (int round = 0; round < options.Rounds; round++)
        {
            yield return new Measurement
            {
                Run = run,
                Instructions = engine.Version.Split(' ')[2],
                Threads = options.Threads,
                Row = row.Key,
                Contender = Comparison.Engine,
                Version = engine.Version,
                Detail = Path.GetFileName(program),
                Round = round,
                Seconds = Once(program, file, Path.Combine(folder, "picture.ppm")),
                Calls = 1,
            };
        }
    }

    private static double Once(string program, string file, string picture)
    {
        var start = new ProcessStartInfo(
            program, ["decode", file, picture, "--force", "--steps", "1", "--verbose", "--model", DecodeOperands.Model])
        {
            RedirectStandardError = true,
        };
        long began = Stopwatch.GetTimestamp();
        using Process process = Process.Start(start)!;
        string messages = process.StandardError.ReadToEnd();
        process.WaitForExit();
        double seconds = Stopwatch.GetElapsedTime(began).TotalSeconds;
        if (process.ExitCode != 0)
        {
            throw new PeerException($"{program}: {messages.Trim()}");
        }

        // The first stage is what its network's first op is in.
        return seconds - Stage().Matches(messages).Skip(1).Sum(
            match => double.Parse(match.Groups[1].Value, CultureInfo.InvariantCulture));
    }

    [GeneratedRegex(@"\b(?:codes|text|denoise|picture) (\d+\.\d+) s", RegexOptions.IgnoreCase)]
    private static partial Regex Stage();
}
