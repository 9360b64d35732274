using System.Diagnostics;
using System.Globalization;
using System.Reflection;
using System.Runtime.InteropServices;
using PerCo.Engine.Backends.Cpu;
using PerCo.Engine.Peers.Measuring;

namespace PerCo.Engine.Peers.Engine;

/// <summary>
/// PerCo.Engine's side of the comparison: reads commands from standard input, one a line, and answers each with one
/// line, as the other peers do (README.md has the protocol).
/// </summary>
internal sealed class EnginePeer(CpuBackend backend) : IDisposable
{
    // Results are compared at so many positions at least, where they have as many.
    private const int Samples = 1 << 18;

    private readonly Dictionary<string, EngineWork> _works = [];

    /// <summary>Answers until the input ends.</summary>
    public void Serve(TextReader input, TextWriter output)
    {
        // The version, and the beginning of the commit's hash where the build knew it.
        string version = typeof(CpuBackend).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!
            .InformationalVersion;
        int plus = version.IndexOf('+', StringComparison.Ordinal);
        version = plus < 0 ? version : version[..Math.Min(version.Length, plus + 8)];
        Answer($"ready PerCo.Engine {version} {backend.InstructionSet} threads={backend.Pool.Threads}");
        while (input.ReadLine() is { } line)
        {
            string answer;
            try
            {
                answer = Do(line);
            }
            catch (Exception e)
            {
                // The comparison goes on with the other rows.
                answer = "error " + e.Message.ReplaceLineEndings(" ");
            }

            Answer(answer);
        }

        void Answer(string text)
        {
            output.WriteLine(text);
            output.Flush();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        Free();
        backend.Dispose();
    }

    private static string Number(double value) => value.ToString("R", CultureInfo.InvariantCulture);

    private string Do(string line)
    {
        string[] words = line.Split('\t');
        return words[0] switch
        {
            "prepare" => Prepare(words[1], words[2]),
            "run" => Run(_works[words[1]], double.Parse(words[2], CultureInfo.InvariantCulture)),
            "peak" => $"ok {Number(FmaPeak.Measure(backend.Pool, backend.InstructionSet))}",
            "bandwidth" => Bandwidth(),
            "memory" => $"ok {ProcessMemory.Peak()}",
            "encode" => Encode(words[1], words[2], words[3]),
            "free" => Free(),
            _ => throw new FormatException($"'{words[0]}' is no command."),
        };
    }

    // The values of one pass go into a file, every n-th of many; "-" for none.
    private string Prepare(string line, string path)
    {
        EngineWork work = _works[line] = EngineWork.Prepare(new WorkLine(line), backend);
        if (path != "-")
        {
            Write(work.Result(), path);
        }

        return $"ok {work.Detail}".TrimEnd();
    }

    private static void Write(float[] result, string path)
    {
        int step = (result.Length / Samples) | 1;
        var samples = new float[(result.Length + step - 1) / step];
        for (int i = 0; i < samples.Length; i++)
        {
            samples[i] = result[i * step];
        }

        File.WriteAllBytes(path, MemoryMarshal.AsBytes(samples.AsSpan()));
    }

    // The median of as many passes as fit into the time, at least one; short ones after a first that does not count.
    private static string Run(EngineWork work, double seconds)
    {
        double first = Time(work);
        if (first >= seconds)
        {
            return $"ok {Number(first)} 1";
        }

        var times = new List<double>();
        for (double total = 0; total < seconds; total += times[^1])
        {
            times.Add(Time(work));
        }

        times.Sort();
        return $"ok {Number(times[times.Count / 2])} {times.Count}";
    }

    private static double Time(EngineWork work)
    {
        long start = Stopwatch.GetTimestamp();
        work.Run();
        return Stopwatch.GetElapsedTime(start).TotalSeconds;
    }

    private string Bandwidth()
    {
        MemoryBandwidth bandwidth = MemoryBandwidth.Measure(backend.Pool.Threads);
        return $"ok {Number(bandwidth.Read)} {Number(bandwidth.Triad)}";
    }

    private string Encode(string model, string picture, string path)
    {
        DecodeWork.Encode(backend, model, picture, path);
        return "ok";
    }

    private string Free()
    {
        foreach (EngineWork work in _works.Values)
        {
            work.Dispose();
        }

        _works.Clear();
        backend.TrimMemory();
        GC.Collect();
        return "ok";
    }
}
