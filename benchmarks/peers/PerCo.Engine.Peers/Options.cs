using System.Globalization;

namespace PerCo.Engine.Peers;

/// <summary>The command line.</summary>
internal sealed record Options
{
    /// <summary>What to do.</summary>
    public string Verb { get; private init; } = "compare";

    /// <summary>Rows whose group/line contains this regular expression.</summary>
    public string Only { get; private init; } = "";

    /// <summary>Threads of every peer.</summary>
    public int Threads { get; private init; } = Math.Max(1, Environment.ProcessorCount);

    /// <summary>How often each peer has its turn.</summary>
    public int Rounds { get; private init; } = 9;

    /// <summary>Time of a turn; longer work is done once.</summary>
    public double Seconds { get; private init; } = 0.2;

    /// <summary>Whether rounds are added to the newest run of each row instead of beginning another one.</summary>
    public bool IsContinued { get; private init; }

    /// <summary>The peers beside the engine.</summary>
    public IReadOnlyList<string> Peers { get; private init; } = ["torch", "onednn"];

    /// <summary>The measurements: a CSV file that new ones are appended to.</summary>
    public string Out { get; private init; } =
        $"benchmarks/results/{DateTime.UtcNow:yyyy-MM-dd}-cpu-{Environment.MachineName}.csv";

    /// <summary>The document whose table is written anew.</summary>
    public string Document { get; private init; } = "docs/performance.md";

    /// <summary>The roofline plot.</summary>
    public string Plot { get; private init; } = "docs/images/roofline-cpu.svg";

    /// <summary>Reads the command line.</summary>
    /// <exception cref="FormatException">An unknown option, or one without its value.</exception>
    public static Options Read(IReadOnlyList<string> arguments)
    {
        var options = new Options();
        int i = 0;
        if (arguments.Count > 0 && !arguments[0].StartsWith('-'))
        {
            options = options with { Verb = arguments[i++] };
        }

        while (i < arguments.Count)
        {
            string name = arguments[i++];
            options = name switch
            {
                "--quick" => options with { Rounds = 3, Seconds = 0.05 },
                "--continue" => options with { IsContinued = true },
                "--only" => options with { Only = Value() },
                "--threads" => options with { Threads = Positive(Value()) },
                "--rounds" => options with { Rounds = Positive(Value()) },
                "--seconds" => options with { Seconds = double.Parse(Value(), CultureInfo.InvariantCulture) },
                "--peers" => options with { Peers = Value().Split(',', StringSplitOptions.RemoveEmptyEntries) },
                "--out" => options with { Out = Value() },
                "--document" => options with { Document = Value() },
                "--plot" => options with { Plot = Value() },
                _ => throw new FormatException($"'{name}' is no option."),
            };

            string Value() => i < arguments.Count
                ? arguments[i++]
                : throw new FormatException($"{name} needs a value.");

            int Positive(string text) => int.TryParse(text, CultureInfo.InvariantCulture, out int n) && n > 0
                ? n
                : throw new FormatException($"{name} is '{text}', expected a positive number.");
        }

        return options;
    }
}
